/** Gets one file from the peer over one stream (docs/protocols/files.md §4, get). No retries: those are resume-transfer.ts. */
import { basename, dirname, resolve } from 'node:path';
import { explained } from '../config/index.ts';
import { ProtocolError, StorageError } from '@sealane/shared/errors';
import { openDestination, type Destination } from './destination.ts';
import { checkedFileName } from './file-name.ts';
import { encodeWanted, GET_STREAM } from './messages.ts';
import { PartialDirectory } from './partial-directory.ts';
import { confirmContent, receiveContent } from './receive-content.ts';
import { TransferReader } from './transfer-reader.ts';
import { watchedTransfer, type FileChannel, type TransferOptions, type TransferResult } from './transfer.ts';

/** What to get, and where to put it. */
export interface GetFileOptions extends TransferOptions {
  /** Name of the file at the peer. */
  readonly name: string;
  /** Path of the file to write. The unfinished part is kept in a folder beside it. */
  readonly output: string;
  /** Permission bits of the new file, less those of the umask; default 0600. */
  readonly mode?: number | undefined;
}

const OUTPUT_MODE_DEFAULT = 0o600;

/**
 * Gets a file, resuming what an earlier attempt left. Resolves when it is stored durably. Nothing is ever replaced: an
 * output that is there must have equal content already.
 *
 * @throws ProtocolError `E_FILE_NAME`, `E_FILE_NOT_FOUND`, `E_FILE_EXISTS`, `E_FILE_BUSY`, `E_FILE_HASH`, `E_CANCELLED`,
 *   or the code the sender refused with; StorageError `E_DISK_FULL` or `E_STORAGE` when the own disk refuses.
 * @example
 * const { bytes, sha256 } = await getFile(channel, { name: 'report.pdf', output: 'copy.pdf' });
 */
export async function getFile(channel: FileChannel, options: GetFileOptions): Promise<TransferResult> {
  const name = checkedFileName(options.name);
  const destination = await openOutput({ ...options, name });
  try {
    const stream = await channel.openStream(GET_STREAM, encodeWanted({ name, holding: destination.holding }));
    return await watchedTransfer(stream, options, async (watch) => {
      const reader = new TransferReader(stream);
      const onStart = (): void => undefined;
      const received = await receiveContent({ reader, destination, onStart, watch });
      await destination.partial?.close();
      await confirmContent(stream, received);
      return { name, ...received.outcome };
    });
  } catch (error) {
    throw isExists(error) ? outputExists(options.output) : error;
  } finally {
    await destination.partial?.close();
  }
}

async function openOutput({ name, output, mode, signal }: GetFileOptions): Promise<Destination> {
  const target = resolve(output);
  try {
    return await openDestination({
      target,
      partials: new PartialDirectory(dirname(target)),
      owner: { owner: basename(target), name },
      mode: mode ?? OUTPUT_MODE_DEFAULT,
      proceed: () => {
        if (signal?.aborted === true) throw new ProtocolError('E_CANCELLED');
      },
    });
  } catch (error) {
    throw isExists(error) ? outputExists(output) : error;
  }
}

function isExists(error: unknown): boolean {
  return error instanceof ProtocolError && error.code === 'E_FILE_EXISTS';
}

function outputExists(output: string): StorageError {
  return explained(new StorageError('E_FILE_EXISTS', `${output} is there already, with other content`), {
    why: 'Files are never replaced.',
    next: 'Choose another --output, or remove the file first.',
  });
}
