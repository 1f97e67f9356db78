/**
 * The servers an agent knows: `known_servers`, one line an event, only ever appended, so that several agent processes
 * share one file without a lock and without losing each other's lines.
 *
 *     HOST:PORT FINGERPRINT trusted|accepted|succeeded TIME
 *     HOST:PORT - removed TIME
 *
 * `trusted` (first use) counts only where nothing is known; the other words replace what was known.
 */
import { closeSync, fstatSync, fsyncSync, ftruncateSync, openSync, readFileSync, readSync, writeSync } from 'node:fs';
import { escapeText } from '@sealane/shared/bytes';
import { ConfigError } from '@sealane/shared/errors';
import { explained, parseAddress, showAddress, type Address } from '../config/index.ts';
import { codeOf, PRIVATE_FILE_MODE, storageError } from './atomic-file.ts';

/** How a server came to be known. */
export type Trust = 'trusted' | 'accepted' | 'succeeded';

/** A known server. */
export interface KnownServer {
  readonly address: Address;
  /** `SHA256:…` */
  readonly fingerprint: string;
  readonly trust: Trust;
  /** ISO 8601; shown only. */
  readonly since: string;
}

const FILE_BYTES_MAX = 4_194_304;
const LINE = /^(\S+) (SHA256:[A-Za-z0-9+/]{43}|-) (trusted|accepted|succeeded|removed) (\S{1,40})$/;

/** Reads and appends to the file; keeps nothing in memory, because other processes append too. */
export class KnownServers {
  readonly #file: string;
  readonly #wallClock: () => number;

  /** @param wallClock milliseconds, for the time shown. */
  constructor(file: string, wallClock: () => number = Date.now) {
    this.#file = file;
    this.#wallClock = wallClock;
  }

  /** @throws ConfigError `E_DATA` for a damaged file. */
  lookup(address: Address): KnownServer | undefined {
    return this.#read().get(showAddress(address));
  }

  /** All known servers, in the order in which they became known. */
  list(): readonly KnownServer[] {
    return [...this.#read().values()];
  }

  /**
   * Trust on first use: records the fingerprint where none is known.
   *
   * @returns what is known afterwards; its fingerprint is another one where somebody else was first.
   */
  record(address: Address, fingerprint: string): KnownServer {
    return this.lookup(address) ?? this.#appendAndLookup(address, fingerprint, 'trusted');
  }

  /** Replaces what is known: the user accepted the change, or a key succession proved it. */
  accept(address: Address, fingerprint: string, trust: 'accepted' | 'succeeded' = 'accepted'): KnownServer {
    return this.#appendAndLookup(address, fingerprint, trust);
  }

  /** @returns whether the server was known. */
  remove(address: Address): boolean {
    if (this.lookup(address) === undefined) return false;
    this.#append(`${showAddress(address)} - removed ${this.#time()}\n`);
    return true;
  }

  #appendAndLookup(address: Address, fingerprint: string, trust: Trust): KnownServer {
    const line = `${showAddress(address)} ${fingerprint} ${trust} ${this.#time()}\n`;
    if (!LINE.test(line.trimEnd())) throw new TypeError('fingerprint: expected SHA256: and 43 characters of base64');
    this.#append(line);
    const known = this.lookup(address);
    if (known === undefined) throw new ConfigError('E_DATA', `Another process removed the server from ${this.#file}`);
    return known;
  }

  /** One write in append mode: lines of several processes do not mix. */
  #append(line: string): void {
    try {
      const descriptor = openSync(this.#file, 'a+', PRIVATE_FILE_MODE);
      try {
        cutTornLine(descriptor);
        writeSync(descriptor, line);
        fsyncSync(descriptor);
      } finally {
        closeSync(descriptor);
      }
    } catch (error) {
      throw storageError(`Cannot write ${this.#file}`, error);
    }
  }

  #read(): Map<string, KnownServer> {
    let text: string;
    try {
      text = readFileSync(this.#file, 'utf8');
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return new Map();
      throw storageError(`Cannot read ${this.#file}`, error);
    }
    if (text.length > FILE_BYTES_MAX) throw this.#damaged(`it is larger than ${FILE_BYTES_MAX} bytes`);
    // The last element is what follows the last line break: nothing, or a line torn by a crash.
    const lines = text.split('\n').slice(0, -1);
    const known = new Map<string, KnownServer>();
    for (const [index, line] of lines.entries()) this.#apply(known, line, index + 1);
    return known;
  }

  #apply(known: Map<string, KnownServer>, line: string, number: number): void {
    if (line.trim() === '' || line.startsWith('#')) return;
    const [, name = '', fingerprint = '', word = '', since = ''] = LINE.exec(line) ?? [];
    const address = parseAddress(name);
    if (address === undefined || (word === 'removed') !== (fingerprint === '-')) {
      throw this.#damaged(`line ${number} is "${escapeText(line.slice(0, 80))}"`);
    }
    const key = showAddress(address);
    if (word === 'removed') known.delete(key);
    else if (word !== 'trusted' || !known.has(key))
      known.set(key, { address, fingerprint, trust: word as Trust, since });
  }

  #damaged(why: string): ConfigError {
    return explained(new ConfigError('E_DATA', `The file ${this.#file} is damaged: ${why}`), {
      next: `Remove that line from ${this.#file}, or restore the file from a backup.`,
    });
  }

  #time(): string {
    return new Date(this.#wallClock()).toISOString();
  }
}

/** By then a line is whole that another process was writing; one that a crash left is not. */
const WRITTEN_WITHIN_MS = 250;

/** Removes the end of a line that a crash left without its line break, so that the next line stands alone. */
function cutTornLine(descriptor: number): void {
  const torn = tornLine(descriptor);
  if (torn === undefined) return;
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, WRITTEN_WITHIN_MS);
  if (tornLine(descriptor)?.size === torn.size) ftruncateSync(descriptor, torn.from);
}

/** Where the last line begins if it has no line break: a write that crosses a page is seen in two steps. */
function tornLine(descriptor: number): { readonly from: number; readonly size: number } | undefined {
  const content = Buffer.alloc(fstatSync(descriptor).size);
  const size = readSync(descriptor, content, 0, content.length, 0);
  if (size === 0 || content[size - 1] === 0x0a) return undefined;
  return { from: content.subarray(0, size).lastIndexOf(0x0a) + 1, size };
}
