/** Reads `packets-v1.json` and so on: the vectors of the wire versions, written by an encoder that is not the one under test. */
import { readFileSync } from 'node:fs';
import { RELEASED_PACKET_IDS } from '../../src/packets/index.ts';

/** What a field holds in the file. */
type JsonValue = number | boolean | string | null | { readonly hex: string } | readonly { readonly hex: string }[];

/** A packet that must be taken. */
interface ValidVector {
  readonly name: string;
  readonly canonical: boolean;
  readonly fields: Readonly<Record<string, JsonValue>>;
  readonly wire: string;
}

/** Bytes that must be refused. */
export interface InvalidVector {
  readonly name: string;
  readonly error: string;
  readonly wire: string;
}

interface VectorFile {
  readonly version: number;
  readonly packets: readonly {
    readonly id: number;
    readonly packet: string;
    readonly valid: readonly ValidVector[];
    readonly invalid: readonly InvalidVector[];
  }[];
  readonly payloads: readonly {
    readonly payload: string;
    readonly valid: readonly ValidVector[];
    readonly invalid: readonly InvalidVector[];
  }[];
  readonly headers: readonly InvalidVector[];
}

/** The files, oldest version first; each holds what its version added. */
export const vectorFiles = Object.keys(RELEASED_PACKET_IDS).map(
  (version) => JSON.parse(readFileSync(new URL(`packets-v${version}.json`, import.meta.url), 'utf8')) as VectorFile,
);

/** Vectors of all versions together. */
export const packetVectors = {
  packets: vectorFiles.flatMap(({ packets }) => packets),
  payloads: vectorFiles.flatMap(({ payloads }) => payloads),
};

/** Bytes of hexadecimal in which `(61*300)` stands for 300 bytes 0x61. */
export function wireOf(text: string): Uint8Array {
  const plain = text.replaceAll(/\((..)\*(\d+)\)/g, (_, byte: string, count: string) => byte.repeat(Number(count)));
  // Not the product's decoder of keys and fingerprints: it takes seconds for the largest vectors.
  const bytes = Buffer.from(plain, 'hex');
  if (bytes.toString('hex') !== plain) throw new Error('the vector is no hexadecimal');
  return new Uint8Array(bytes);
}

/** Fields as the codec takes and gives them. */
export function fieldsOf(vector: ValidVector): Record<string, unknown> {
  return Object.fromEntries(Object.entries(vector.fields).map(([name, value]) => [name, valueOf(value)]));
}

function valueOf(value: JsonValue): unknown {
  if (value === null || typeof value !== 'object') return value;
  return 'hex' in value ? wireOf(value.hex) : value.map((part) => wireOf(part.hex));
}

/** Byte strings as text, so that views and copies of any realm compare alike. */
export function comparable(value: unknown): unknown {
  if (ArrayBuffer.isView(value)) return `bytes ${Buffer.from(value as Uint8Array).toString('hex')}`;
  if (Array.isArray(value)) return value.map(comparable);
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, comparable(part)]));
}
