/**
 * Destination: where a received file goes, and what is there already: nothing, an unfinished part, or a finished file
 * that only equal content may confirm (docs/protocols/files.md §4.1).
 */
import { constants } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { ProtocolError } from '@sealane/shared/errors';
import { digestSoFar, hashPrefix, startHash } from './content-hash.ts';
import { storageFault, systemCode } from './file-faults.ts';
import type { Holding } from './messages.ts';
import type { PartialDirectory, PartialOwner } from './partial-directory.ts';
import type { PartialFile } from './partial-file.ts';

/** What a received file meets. */
export interface Destination {
  /** Path of the finished file. */
  readonly target: string;
  readonly holding: Holding;
  /** What is appended to; undefined when the finished file is there. */
  readonly partial: PartialFile | undefined;
}

interface DestinationOptions {
  readonly target: string;
  readonly partials: PartialDirectory;
  readonly owner: PartialOwner;
  /** Permission bits of a new file, less those of the umask. */
  readonly mode: number;
  /** Size that was announced, where it is known: a finished file of another size is refused without being read. */
  readonly announcedBytes?: number;
  /** Called while hashing; throws to stop. */
  readonly proceed: () => void;
}

/**
 * Finds out what is there. A destination with a partial must have that closed.
 *
 * @throws ProtocolError `E_FILE_EXISTS`, `E_FILE_BUSY`; StorageError when the disk refuses.
 */
export async function openDestination(options: DestinationOptions): Promise<Destination> {
  const { target, partials, owner, mode, proceed } = options;
  const finished = await finishedHolding(options);
  if (finished !== undefined) return { target, holding: finished, partial: undefined };
  const partial = await partials.open(partials.keyOf(owner), mode);
  try {
    const sha256 = await partial.resume(proceed);
    return { target, holding: { offset: partial.length, sha256, complete: false }, partial };
  } catch (error) {
    await partial.close();
    throw error;
  }
}

async function finishedHolding({ target, announcedBytes, proceed }: DestinationOptions): Promise<Holding | undefined> {
  const handle = await openFinished(target);
  if (handle === undefined) return undefined;
  try {
    const stats = await handle.stat();
    if (!stats.isFile() || (announcedBytes !== undefined && announcedBytes !== stats.size))
      throw new ProtocolError('E_FILE_EXISTS');
    const hash = startHash();
    const offset = await hashPrefix(hash, { handle, sizeBytes: stats.size, proceed });
    return { offset, sha256: digestSoFar(hash), complete: true };
  } finally {
    await handle.close();
  }
}

/** The finished file, or undefined where there is none. Links and whatever is no file count as another file. */
async function openFinished(target: string): Promise<FileHandle | undefined> {
  try {
    return await open(target, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    const code = systemCode(error);
    if (code === 'ENOENT') return undefined;
    if (code === 'ELOOP' || code === 'ENXIO' || code === 'EACCES')
      throw new ProtocolError('E_FILE_EXISTS', undefined, { cause: error });
    throw storageFault('Cannot look at what is there', error);
  }
}
