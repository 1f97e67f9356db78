/** Sends one file to the peer over one stream (docs/protocols/files.md §4, put). No retries: those are resume-transfer.ts. */
import { receiverFault } from './file-faults.ts';
import { checkedFileName, defaultFileName } from './file-name.ts';
import { decodeHolding, encodeOffer, PUT_STREAM } from './messages.ts';
import { sendContent } from './send-content.ts';
import { SourceFile } from './source-file.ts';
import { TransferReader } from './transfer-reader.ts';
import { watchedTransfer, type FileChannel, type TransferOptions, type TransferResult } from './transfer.ts';

/** What to send. */
export interface SendFileOptions extends TransferOptions {
  /** The file; links are followed. */
  readonly path: string;
  /** Name at the receiver; by default the last part of the path. */
  readonly name?: string | undefined;
}

/**
 * Sends a file, resuming what an earlier attempt left at the receiver. Resolves when the receiver has stored it durably.
 *
 * @throws ProtocolError `E_FILE_NAME`, `E_FILE_NOT_FOUND`, `E_FILE_EXISTS`, `E_FILE_CHANGED`, `E_CANCELLED`, or the code
 *   the receiver refused with (`E_STORAGE` when its disk or directory does); StorageError when the own disk refuses.
 * @example
 * const { bytes, sha256 } = await sendFile(channel, { path: 'report.pdf' });
 */
export async function sendFile(channel: FileChannel, options: SendFileOptions): Promise<TransferResult> {
  const name = checkedFileName(options.name ?? defaultFileName(options.path));
  const source = await SourceFile.open(options.path, { followLinks: true });
  try {
    const { sizeBytes, modifiedMs } = source;
    const stream = await channel.openStream(PUT_STREAM, encodeOffer({ name, sizeBytes, modifiedMs }));
    return await watchedTransfer(stream, options, async (watch) => {
      const reader = new TransferReader(stream);
      const holding = decodeHolding(await reader.message());
      return { name, ...(await sendContent({ stream, reader, source, holding, watch })) };
    });
  } catch (error) {
    throw receiverFault(error);
  } finally {
    await source.close();
  }
}
