/** Reads Wycheproof's vector files, which lie outside the repository; without them their tests skip with a notice. */
import { existsSync, readFileSync } from 'node:fs';
import { describe } from '@jest/globals';
import { fromHex } from '../../src/bytes/index.ts';
import { portableCrypto, type Crypto } from '../../src/crypto/index.ts';
import { nativeCrypto } from '../../src/crypto-native/index.ts';

/** Both implementations of the port, for `describe.each`. */
export const IMPLEMENTATIONS: [Crypto['name'], Crypto][] = [
  ['native', nativeCrypto],
  ['portable', portableCrypto],
];

const FOLDER = new URL('../../../../../shared/vectors/wycheproof/', import.meta.url);

/** One test group of a file: `G` are the fields of the group, `T` those of each test. */
export type TestGroup<G, T> = G & {
  readonly tests: readonly (T & { readonly tcId: number; readonly result: string })[];
};

/** `describe` where the vectors are, else a skipped one whose name says so. */
export function describeVectors(file: string, body: () => void): void {
  if (existsSync(new URL(file, FOLDER))) {
    describe(`Wycheproof ${file}`, body);
    return;
  }
  console.warn(`skipped: ${file} is not in ../shared/vectors/wycheproof`);
  describe.skip(`Wycheproof ${file} (vectors absent)`, body);
}

/** The groups of a file; none where it is absent. */
export function readGroups<G, T>(file: string): TestGroup<G, T>[] {
  const url = new URL(file, FOLDER);
  if (!existsSync(url)) return [];
  return (JSON.parse(readFileSync(url, 'utf8')) as { testGroups: TestGroup<G, T>[] }).testGroups;
}

/** @throws TypeError for what is not hexadecimal: a fault of the vector file. */
export function hex(text: string): Uint8Array {
  const bytes = fromHex(text);
  if (bytes === undefined) throw new TypeError(`not hexadecimal: ${text}`);
  return bytes;
}

/** The error that `action` throws, or undefined. */
export function errorOf(action: () => unknown): unknown {
  try {
    action();
    return undefined;
  } catch (error) {
    return error;
  }
}
