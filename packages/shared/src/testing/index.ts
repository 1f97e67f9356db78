/** For tests only: seeded randomness, and a whole agent–server pair in memory, as sessions or as channels. */
export { seededRandom } from './seeded-random.ts';
export { SessionPair } from './session-pair.ts';
export type { SessionPairOptions } from './session-pair.ts';
export { ChannelPair } from './channel-pair.ts';
export type { ChannelSide } from './channel-pair.ts';
