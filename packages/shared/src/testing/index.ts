/** For tests only: seeded randomness, a whole agent–server pair in memory, and what decoders are fuzzed with. */
export { Dice } from './dice.ts';
export { seededRandom } from './seeded-random.ts';
export { SessionPair } from './session-pair.ts';
export type { SessionPairOptions } from './session-pair.ts';
export { ChannelPair } from './channel-pair.ts';
export type { ChannelSide } from './channel-pair.ts';
export { decoderSuite } from './decoder-suite.ts';
export { DEFAULT_INPUT_LIMITS, judgeInput, outcomeOf, outcomeOfAsync } from './fuzz-decoder.ts';
export type { FuzzDecoder, InputLimits, Verdict } from './fuzz-decoder.ts';
export { INPUT_BYTES_MAX, InputMutator } from './input-mutator.ts';
export { isPacketId, samplePacket } from './packet-samples.ts';
export { StateTable } from './state-table.ts';
export type { StateCell, TableState } from './state-table.ts';
