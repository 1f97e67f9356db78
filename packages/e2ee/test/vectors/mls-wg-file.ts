/** Reads the vectors of the MLS working group, which lie outside the repository; without them tests skip with a notice. */
import { existsSync, readFileSync } from 'node:fs';
import { describe } from '@jest/globals';
import { nodeMlsCrypto } from '../../src/crypto-node/index.ts';
import { webCrypto, type MlsCrypto } from '../../src/mls/index.ts';

const FOLDER = new URL('../../../../../shared/vectors/mls-wg/', import.meta.url);

/** Suite 1 of RFC 9420, our `classical`: the hybrid suite has no published vectors. */
export const SUITE_NUMBER = 1;

/** Both implementations of the port, for `it.each`. */
export const IMPLEMENTATIONS: [MlsCrypto['name'], MlsCrypto][] = [
  ['node', nodeMlsCrypto],
  ['web', webCrypto],
];

/** `describe` with the cases of our suite, else a skipped one whose name says so. */
// The type of the cases is said once, where they are used.
// oxlint-disable-next-line typescript/no-unnecessary-type-parameters
export function describeVectors<T>(file: string, body: (cases: readonly T[]) => void): void {
  const url = new URL(file, FOLDER);
  if (existsSync(url)) {
    const all = JSON.parse(readFileSync(url, 'utf8')) as (T & { readonly cipher_suite: number })[];
    const cases = all.filter((each) => each.cipher_suite === SUITE_NUMBER);
    describe(`MLS working group: ${file}`, () => body(cases));
    return;
  }
  console.warn(`skipped: ${file} is not in ../shared/vectors/mls-wg`);
  describe.skip(`MLS working group: ${file} (vectors absent)`, () => body([]));
}

export function hex(text: string): Uint8Array {
  return Uint8Array.from(Buffer.from(text, 'hex'));
}

export function toHex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}
