/** Randomness from a seed, for tests and simulation: the same seed gives the same bytes. Never for real keys. */
import type { Random } from '../crypto/index.ts';
import { Dice } from './dice.ts';

export function seededRandom(seed: number): Random {
  return new Dice(seed).bytes;
}
