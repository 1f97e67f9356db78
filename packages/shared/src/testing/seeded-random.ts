/** Randomness from a seed, for tests and simulation: the same seed gives the same bytes. Never for real keys. */
import type { Random } from '../crypto/index.ts';

/** SplitMix32: small, fast, and good enough to tell two runs apart. */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  return (size) => {
    const bytes = new Uint8Array(size);
    for (let index = 0; index < size; index++) {
      state = (state + 0x9e37_79b9) >>> 0;
      let mixed = state;
      mixed = Math.imul(mixed ^ (mixed >>> 16), 0x21f0_aaad);
      mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a_2d97);
      bytes[index] = (mixed ^ (mixed >>> 15)) & 0xff;
    }
    return bytes;
  };
}
