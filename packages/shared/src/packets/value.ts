/**
 * Values of applications as bytes: msgpack, content type `application/msgpack`, in the bodies of requests, responses
 * and events (`docs/packets/README.md`, "Application values").
 *
 * msgpackr turns bytes into values and back; what is valid is decided here and in `value-scan.ts`, by the same rules
 * in both directions.
 */
import { Packr, Unpackr } from 'msgpackr';
import { VALUE_DEPTH_MAX, VALUE_ELEMENTS_MAX } from './limits.ts';
import { FORBIDDEN_KEYS, scanValue } from './value-scan.ts';

/** Media type of what `encodeValue` writes. */
export const CONTENT_TYPE_MSGPACK = 'application/msgpack';

/** What an application may exchange. */
export type Value =
  | null
  | boolean
  | number
  | string
  | Uint8Array
  | readonly Value[]
  | { readonly [key: string]: Value };

const packr = new Packr({ useRecords: false, structuredClone: false });
const unpackr = new Unpackr({ useRecords: false, structuredClone: false, int64AsType: 'number', copyBuffers: true });

/**
 * The msgpack form of a value.
 *
 * @returns new bytes.
 * @throws TypeError where it holds something that is no `Value` (undefined, a function, a class instance, a cycle, a
 *   lone surrogate, a forbidden key); RangeError past the limits of depth or elements.
 */
export function encodeValue(value: Value): Uint8Array {
  checkValue(value, 0, { elements: 0 });
  return new Uint8Array(packr.pack(value));
}

/**
 * The value that bytes of a peer stand for. Byte strings in it are copies; maps are plain objects.
 *
 * @throws ProtocolError `E_MALFORMED` or `E_TOO_LARGE`; nothing else, whatever the bytes are.
 */
export function decodeValue(bytes: Uint8Array): Value {
  scanValue(bytes);
  return unpackr.unpack(bytes) as Value;
}

function checkValue(value: unknown, depth: number, seen: { elements: number }): void {
  if (value === null || typeof value === 'boolean' || typeof value === 'number') return;
  if (typeof value === 'string') {
    checkText(value);
    return;
  }
  if (value instanceof Uint8Array) return;
  if (typeof value !== 'object') throw new TypeError(`"value" expected data, got ${typeof value}`);
  if (depth >= VALUE_DEPTH_MAX) throw new RangeError(`"value" nests deeper than ${VALUE_DEPTH_MAX}`);
  const entries = Array.isArray(value) ? value.entries() : plainEntries(value);
  for (const [key, element] of entries) {
    if (++seen.elements > VALUE_ELEMENTS_MAX)
      throw new RangeError(`"value" has more than ${VALUE_ELEMENTS_MAX} elements`);
    if (typeof key === 'string') checkKey(key);
    checkValue(element, depth + 1, seen);
  }
}

function plainEntries(value: object): [string, unknown][] {
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) throw new TypeError('"value" expected plain objects only');
  return Object.entries(value);
}

function checkText(value: string): void {
  if (!value.isWellFormed()) throw new TypeError('"value" has a text with a lone surrogate');
}

function checkKey(key: string): void {
  checkText(key);
  if (FORBIDDEN_KEYS.has(key)) throw new TypeError(`"value" may not have the key "${key}"`);
}
