/** SourceFile: a file that is being sent, opened once and watched for changes. Not the sending. */
import { constants } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { ProtocolError, StorageError } from '@sealane/shared/errors';
import { storageFault, systemCode } from './file-faults.ts';

/** How a file is opened for sending. */
interface SourceOptions {
  /** Refuses a symbolic link: for files that a peer names. The user's own paths may be links. */
  readonly followLinks: boolean;
}

export class SourceFile {
  readonly handle: FileHandle;
  readonly sizeBytes: number;
  /** Milliseconds since 1970. */
  readonly modifiedMs: number;
  readonly #modifiedNs: bigint;

  private constructor(handle: FileHandle, stats: { readonly size: bigint; readonly mtimeNs: bigint }) {
    this.handle = handle;
    this.sizeBytes = Number(stats.size);
    this.#modifiedNs = stats.mtimeNs;
    this.modifiedMs = Math.max(0, Number(stats.mtimeNs / 1_000_000n));
  }

  /**
   * @throws ProtocolError `E_FILE_NOT_FOUND` where there is no plain file.
   * @throws StorageError when the disk refuses.
   */
  static async open(path: string, { followLinks }: SourceOptions): Promise<SourceFile> {
    const handle = await openPlain(path, followLinks);
    try {
      const stats = await handle.stat({ bigint: true });
      if (!stats.isFile()) throw new ProtocolError('E_FILE_NOT_FOUND', `${path} is not a plain file`);
      return new SourceFile(handle, stats);
    } catch (error) {
      await handle.close();
      throw storageFault(`Cannot read ${path}`, error);
    }
  }

  /**
   * The bytes at `offset`, into `buffer`.
   *
   * @throws ProtocolError `E_FILE_CHANGED` when the file has become shorter.
   */
  async read(buffer: Uint8Array, offset: number): Promise<Uint8Array> {
    const wanted = Math.min(buffer.length, this.sizeBytes - offset);
    let filled = 0;
    while (filled < wanted) {
      const { bytesRead } = await this.handle.read(buffer, filled, wanted - filled, offset + filled);
      if (bytesRead === 0) throw new ProtocolError('E_FILE_CHANGED', 'the file became shorter while it was sent');
      filled += bytesRead;
    }
    return buffer.subarray(0, wanted);
  }

  /** @throws ProtocolError `E_FILE_CHANGED` when the file is not what it was when it was opened. */
  async assertUnchanged(): Promise<void> {
    const { size, mtimeNs } = await this.handle.stat({ bigint: true });
    if (Number(size) !== this.sizeBytes || mtimeNs !== this.#modifiedNs)
      throw new ProtocolError('E_FILE_CHANGED', 'the file changed while it was sent');
  }

  async close(): Promise<void> {
    await this.handle.close();
  }
}

async function openPlain(path: string, followLinks: boolean): Promise<FileHandle> {
  // Opening a pipe or a device must not wait for its other end.
  const flags = constants.O_RDONLY | constants.O_NONBLOCK | (followLinks ? 0 : constants.O_NOFOLLOW);
  try {
    return await open(path, flags);
  } catch (error) {
    const code = systemCode(error);
    if (code === 'ENOENT' || code === 'ELOOP' || code === 'ENOTDIR' || code === 'ENXIO')
      throw new ProtocolError('E_FILE_NOT_FOUND', `There is no file ${path}`, { cause: error });
    if (code === 'EACCES') throw new StorageError('E_STORAGE', `${path} may not be read`, { cause: error });
    throw storageFault(`Cannot open ${path}`, error);
  }
}
