/**
 * AuditLog: the file of audit lines. Lines that come while the disk is busy share its next sync; a full file is renamed, and
 * the chain goes on in the next one. Not the log of the program: that one may lose lines and tells much more.
 */
import { closeSync, fdatasync, fstatSync, ftruncateSync, openSync, readFileSync, renameSync, write } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Logger } from '@sealane/node/log';
import { PRIVATE_FILE_MODE, syncDirectory } from '@sealane/node/keys';
import { utf8Encode } from '@sealane/shared/bytes';
import { StorageError } from '@sealane/shared/errors';
import { AUDIT_FILE, auditFilesIn, fullAuditFile } from './audit-files.ts';
import {
  CHAIN_START,
  encodeAuditLine,
  readChainEnd,
  type AuditFields,
  type AuditRecorder,
  type ChainEnd,
} from './audit-record.ts';

const syncFile = promisify(fdatasync);
const writeFile = promisify(write);

const FILE_BYTES_MAX = 16_777_216;
/** Entries that wait for the disk; more are counted and told of later. */
const WAITING_MAX = 10_000;

export interface AuditLogOptions {
  readonly log: Logger;
  readonly wallClock: () => number;
  readonly fileBytesMax?: number;
}

export class AuditLog implements AuditRecorder {
  readonly #directory: string;
  readonly #options: AuditLogOptions;
  #descriptor: number;
  #size: number;
  #end: ChainEnd;
  #waiting: { readonly at: number; readonly action: string; readonly fields: AuditFields }[] = [];
  #leftOut = 0;
  #writing: Promise<void> | undefined;

  /** Opens the log of a data directory. @throws StorageError when the disk refuses. */
  constructor(directory: string, options: AuditLogOptions) {
    this.#directory = directory;
    this.#options = options;
    try {
      this.#descriptor = openSync(join(directory, AUDIT_FILE), 'a+', PRIVATE_FILE_MODE);
      const { size, end, isTorn } = tailOf(this.#descriptor, join(directory, AUDIT_FILE));
      this.#size = size;
      this.#end = end ?? endOfFullFiles(directory);
      if (isTorn) this.note('audit-line-torn', { keptTo: this.#end.number });
    } catch (cause) {
      throw new StorageError('E_STORAGE', `Cannot open ${join(directory, AUDIT_FILE)}`, { cause });
    }
  }

  note(action: string, fields: AuditFields = {}): void {
    if (this.#waiting.length >= WAITING_MAX) {
      this.#leftOut += 1;
      return;
    }
    this.#waiting.push({ at: this.#options.wallClock(), action, fields });
    this.#writing ??= this.#writeAll();
  }

  /** Resolves when everything that was noted is on the disk, or was given up. */
  async flush(): Promise<void> {
    while (this.#writing !== undefined) await this.#writing;
  }

  async close(): Promise<void> {
    await this.flush();
    closeSync(this.#descriptor);
  }

  async #writeAll(): Promise<void> {
    await Promise.resolve();
    while (this.#waiting.length > 0) {
      const entries = this.#waiting;
      this.#waiting = [];
      if (this.#leftOut > 0) {
        entries.push({ at: this.#options.wallClock(), action: 'entries-left-out', fields: { count: this.#leftOut } });
        this.#leftOut = 0;
      }
      try {
        if (this.#size >= (this.#options.fileBytesMax ?? FILE_BYTES_MAX)) this.#rotate();
        await this.#append(entries);
      } catch (error) {
        this.#options.log.error('audit: not written', { entries: entries.length, error });
      }
    }
    this.#writing = undefined;
  }

  async #append(entries: readonly { readonly at: number; readonly action: string; readonly fields: AuditFields }[]) {
    let end = this.#end;
    let text = '';
    for (const entry of entries) {
      const encoded = encodeAuditLine(end, entry);
      text += encoded.line;
      end = encoded.end;
    }
    const bytes = utf8Encode(text);
    try {
      for (let offset = 0; offset < bytes.length;) {
        offset += (await writeFile(this.#descriptor, bytes, offset, bytes.length - offset, null)).bytesWritten;
      }
      await syncFile(this.#descriptor);
    } catch (error) {
      ftruncateSync(this.#descriptor, this.#size);
      throw error;
    }
    this.#size += bytes.length;
    this.#end = end;
  }

  #rotate(): void {
    const file = join(this.#directory, AUDIT_FILE);
    renameSync(file, join(this.#directory, fullAuditFile(this.#end.number)));
    closeSync(this.#descriptor);
    this.#descriptor = openSync(file, 'a+', PRIVATE_FILE_MODE);
    this.#size = 0;
    syncDirectory(this.#directory);
    this.note('audit-file-full', { previous: this.#end.hash });
  }
}

/** Where a file ends; a last line torn by a crash was never confirmed and is cut off. */
function tailOf(
  descriptor: number,
  file: string,
): { readonly size: number; readonly end: ChainEnd | undefined; readonly isTorn: boolean } {
  const bytes = readFileSync(file);
  const size = bytes.lastIndexOf(0x0a) + 1;
  const isTorn = size < fstatSync(descriptor).size;
  if (isTorn) ftruncateSync(descriptor, size);
  return { size, end: lastChainEnd(bytes.subarray(0, size)), isTorn };
}

/** A crash between two files leaves the new one empty: the chain goes on where the newest full one ends. */
function endOfFullFiles(directory: string): ChainEnd {
  const newest = auditFilesIn(directory)
    .filter((name) => name !== AUDIT_FILE)
    .at(-1);
  return (newest === undefined ? undefined : lastChainEnd(readFileSync(join(directory, newest)))) ?? CHAIN_START;
}

function lastChainEnd(wholeLines: Buffer): ChainEnd | undefined {
  const start = wholeLines.lastIndexOf(0x0a, wholeLines.length - 2) + 1;
  const last = wholeLines.subarray(start, -1).toString('utf8');
  return last === '' ? undefined : readChainEnd(last);
}
