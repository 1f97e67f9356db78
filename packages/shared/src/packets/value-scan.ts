/**
 * Decides whether bytes are a value that an application may exchange (`docs/packets/README.md`, "Application values"),
 * before any decoder makes something of them: msgpackr never decides what is valid.
 *
 * Allowed: nil, bool, integers of up to 2^53 − 1 in size, floats, str, bin, arrays, and maps with distinct text keys.
 * Refused: extensions, byte 0xC1, keys that reach into prototypes, and everything past the limits. Nothing is allocated
 * by an announced length or count.
 */
import { utf8Decode } from '../bytes/index.ts';
import { ProtocolError } from '../errors/index.ts';
import { UINT_MAX, VALUE_DEPTH_MAX, VALUE_ELEMENTS_MAX } from './limits.ts';

/** Keys that would name something else than an own property in JavaScript. */
export const FORBIDDEN_KEYS: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype']);

/**
 * Checks that `bytes` are exactly one allowed value.
 *
 * @throws ProtocolError `E_MALFORMED` for what is not allowed, `E_TOO_LARGE` past a limit.
 */
export function scanValue(bytes: Uint8Array): void {
  const scan = new Scan(bytes);
  scan.value(0);
  scan.end();
}

class Scan {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #offset = 0;
  /** Array elements and map entries seen so far. */
  #elements = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  end(): void {
    if (this.#offset !== this.#bytes.length) malformed('bytes after the value');
  }

  value(depth: number): void {
    const tag = this.#uint(1);
    if (tag <= 0x7f || tag >= 0xe0) return;
    if (tag <= 0x8f) {
      this.#map(tag & 0x0f, depth);
      return;
    }
    if (tag <= 0x9f) {
      this.#array(tag & 0x0f, depth);
      return;
    }
    if (tag <= 0xbf) {
      this.#text(tag & 0x1f);
      return;
    }
    switch (tag) {
      case 0xc0:
      case 0xc2:
      case 0xc3:
        return;
      case 0xc4:
      case 0xc5:
      case 0xc6:
        this.#take(this.#uint(1 << (tag - 0xc4)));
        return;
      case 0xca:
      case 0xcb:
        this.#take(tag === 0xca ? 4 : 8);
        return;
      case 0xcc:
      case 0xcd:
      case 0xce:
        this.#take(1 << (tag - 0xcc));
        return;
      case 0xd0:
      case 0xd1:
      case 0xd2:
        this.#take(1 << (tag - 0xd0));
        return;
      case 0xcf:
      case 0xd3: {
        this.#integer64(tag === 0xd3);
        return;
      }
      case 0xd9:
      case 0xda:
      case 0xdb: {
        this.#text(this.#uint(1 << (tag - 0xd9)));
        return;
      }
      case 0xdc:
      case 0xdd: {
        this.#array(this.#uint(tag === 0xdc ? 2 : 4), depth);
        return;
      }
      case 0xde:
      case 0xdf: {
        this.#map(this.#uint(tag === 0xde ? 2 : 4), depth);
        return;
      }
      default:
        malformed(`type 0x${tag.toString(16)} is not allowed`);
    }
  }

  #array(count: number, depth: number): void {
    this.#enter(count, depth);
    for (let index = 0; index < count; index++) this.value(depth + 1);
  }

  #map(count: number, depth: number): void {
    this.#enter(count, depth);
    const keys = new Set<string>();
    for (let index = 0; index < count; index++) {
      const key = this.#key();
      if (FORBIDDEN_KEYS.has(key)) malformed('key is not allowed');
      if (keys.has(key)) malformed('key stands twice in a map');
      keys.add(key);
      this.value(depth + 1);
    }
  }

  /** Counts before anything is read: a count past the limit costs nothing. */
  #enter(count: number, depth: number): void {
    if (depth >= VALUE_DEPTH_MAX) tooLarge('value nests too deep');
    this.#elements += count;
    if (this.#elements > VALUE_ELEMENTS_MAX) tooLarge('value has too many elements');
  }

  #key(): string {
    const tag = this.#uint(1);
    if (tag >= 0xa0 && tag <= 0xbf) return this.#decodeText(tag & 0x1f);
    if (tag >= 0xd9 && tag <= 0xdb) return this.#decodeText(this.#uint(1 << (tag - 0xd9)));
    return malformed('key is not text');
  }

  #text(size: number): void {
    this.#decodeText(size);
  }

  #decodeText(size: number): string {
    const start = this.#take(size);
    return utf8Decode(this.#bytes.subarray(start, start + size)) ?? malformed('text is not UTF-8');
  }

  #integer64(signed: boolean): void {
    const at = this.#take(8);
    const value = signed ? this.#view.getBigInt64(at) : this.#view.getBigUint64(at);
    if (value > UINT_MAX || value < -UINT_MAX) malformed('integer beyond 2^53 - 1');
  }

  /** Reads `size` (1, 2 or 4) bytes as one number. */
  #uint(size: number): number {
    const at = this.#take(size);
    if (size === 1) return this.#bytes[at]!;
    return size === 2 ? this.#view.getUint16(at) : this.#view.getUint32(at);
  }

  #take(size: number): number {
    const start = this.#offset;
    if (size > this.#bytes.length - start) malformed('value cut short');
    this.#offset = start + size;
    return start;
  }
}

function malformed(message: string): never {
  throw new ProtocolError('E_MALFORMED', message);
}

function tooLarge(message: string): never {
  throw new ProtocolError('E_TOO_LARGE', message);
}
