/**
 * Journal: an append-only file of JSON lines that are on the disk before anybody is told (rule 5). Lines that come while
 * the disk is busy share the next sync. Each line ends with a checksum; a last line torn by a crash was never confirmed
 * and is cut off, any other damage is an error that names the line (fault S5).
 */
import { closeSync, existsSync, fdatasync, ftruncate, ftruncateSync, openSync, readFileSync, write } from 'node:fs';
import { promisify } from 'node:util';
import { crc32 } from 'node:zlib';
import { explained } from '@sealane/node/config';
import { PRIVATE_FILE_MODE, writeFileAtomic } from '@sealane/node/keys';
import { utf8Encode } from '@sealane/shared/bytes';
import { ConfigError, StorageError } from '@sealane/shared/errors';

const syncFile = promisify(fdatasync);
const truncateFile = promisify(ftruncate);
const writeFile = promisify(write);

/** `,"crc":"0123abcd"}` */
const CHECKSUM_CHARACTERS = 18;
const CHECKSUM = /^,"crc":"([0-9a-f]{8})"\}$/;

interface Waiting {
  readonly line: string;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

export class Journal {
  readonly #file: string;
  #descriptor: number;
  /** Bytes that are whole lines on the disk. */
  #size: number;
  #waiting: Waiting[] = [];
  #writing: Promise<void> | undefined;

  private constructor(file: string, descriptor: number, size: number) {
    this.#file = file;
    this.#descriptor = descriptor;
    this.#size = size;
  }

  /**
   * Opens a journal, made where it is missing.
   *
   * @param options.read takes each record in order; what it throws as `RangeError` is damage of that line.
   * @throws ConfigError `E_DATA` with path and line, StorageError when the disk refuses.
   */
  static open(file: string, options: { readonly read: (record: unknown) => void }): Journal {
    const descriptor = openFile(file);
    const bytes = readFileSync(descriptor);
    let size: number;
    try {
      size = readLines(file, bytes, options.read);
    } catch (error) {
      closeSync(descriptor);
      throw error;
    }
    if (size < bytes.length) ftruncateSync(descriptor, size);
    return new Journal(file, descriptor, size);
  }

  /** Whether lines wait for the disk; resolves when those that wait now are on it. */
  get pending(): Promise<void> | undefined {
    return this.#writing;
  }

  /** Adds a record. Resolves when it is on the disk. @throws StorageError when the disk refuses; nothing is left of it. */
  append(record: Readonly<Record<string, unknown>>): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ line: encodeLine(record), resolve, reject });
      this.#writing ??= this.#writeAll();
    });
  }

  /** Replaces everything by these records. To be called before the first `append`. */
  rewrite(records: Iterable<Readonly<Record<string, unknown>>>): void {
    const text = [...records].map(encodeLine).join('');
    writeFileAtomic(this.#file, text);
    closeSync(this.#descriptor);
    this.#descriptor = openFile(this.#file);
    this.#size = utf8Encode(text).length;
  }

  /** Waits for the disk and closes the file. */
  async close(): Promise<void> {
    while (this.#writing !== undefined) await this.#writing;
    closeSync(this.#descriptor);
  }

  async #writeAll(): Promise<void> {
    await Promise.resolve();
    while (this.#waiting.length > 0) {
      const batch = this.#waiting;
      this.#waiting = [];
      try {
        await this.#write(utf8Encode(batch.map(({ line }) => line).join('')));
        for (const { resolve } of batch) resolve();
      } catch (cause) {
        const error = new StorageError('E_STORAGE', `Cannot write ${this.#file}`, { cause });
        for (const { reject } of batch) reject(error);
      }
    }
    this.#writing = undefined;
  }

  async #write(bytes: Uint8Array): Promise<void> {
    try {
      for (let offset = 0; offset < bytes.length;) {
        const position = this.#size + offset;
        offset += (await writeFile(this.#descriptor, bytes, offset, bytes.length - offset, position)).bytesWritten;
      }
      await syncFile(this.#descriptor);
      this.#size += bytes.length;
    } catch (error) {
      await truncateFile(this.#descriptor, this.#size).catch(() => undefined);
      throw error;
    }
  }
}

/** @returns the size of what are whole lines. @throws ConfigError `E_DATA` with path and line. */
function readLines(file: string, bytes: Buffer, read: (record: unknown) => void): number {
  const size = bytes.lastIndexOf(0x0a) + 1;
  const lines = bytes.subarray(0, size).toString('utf8').split('\n').slice(0, -1);
  for (const [index, line] of lines.entries()) {
    try {
      read(parseLine(line));
    } catch (error) {
      if (error instanceof RangeError) throw damaged(file, index + 1, error.message);
      throw error;
    }
  }
  return size;
}

function openFile(file: string): number {
  if (!existsSync(file)) writeFileAtomic(file, '', { exclusive: true });
  try {
    // Not in append mode: lines are written at their position, so that a torn one is written over.
    return openSync(file, 'r+', PRIVATE_FILE_MODE);
  } catch (cause) {
    throw new StorageError('E_STORAGE', `Cannot open ${file}`, { cause });
  }
}

function encodeLine(record: Readonly<Record<string, unknown>>): string {
  const body = JSON.stringify(record).slice(0, -1);
  return `${body},"crc":"${checksum(body)}"}\n`;
}

function checksum(body: string): string {
  return crc32(body).toString(16).padStart(8, '0');
}

/** @throws RangeError when the line is damaged. */
function parseLine(line: string): unknown {
  const body = line.slice(0, -CHECKSUM_CHARACTERS);
  const stated = CHECKSUM.exec(line.slice(-CHECKSUM_CHARACTERS))?.[1];
  if (stated === undefined || stated !== checksum(body)) throw new RangeError('its checksum does not fit');
  try {
    return JSON.parse(`${body}}`);
  } catch {
    throw new RangeError('it is not valid JSON');
  }
}

function damaged(file: string, line: number, why: string): ConfigError {
  return explained(new ConfigError('E_DATA', `The file ${file} is damaged: line ${line}: ${why}`), {
    next: `Restore ${file} from a backup, or remove line ${line}; the agent it names must then enrol again.`,
  });
}
