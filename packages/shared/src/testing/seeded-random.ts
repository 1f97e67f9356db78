/** The port `Random` for tests and simulation. */
import type { Random } from '../crypto/index.ts';
import { Dice } from './dice.ts';

/** Random bytes from a seed (32 bits): the same seed gives the same bytes. Never for real keys. */
export function seededRandom(seed: number): Random {
  return new Dice(seed).bytes;
}
