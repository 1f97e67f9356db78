/** For tests only: seeded randomness, and a whole agent–server pair in memory. */
export { seededRandom } from './seeded-random.ts';
export { SessionPair } from './session-pair.ts';
export type { SessionPairOptions } from './session-pair.ts';
