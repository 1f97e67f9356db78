/** Limits: who is counted as one source, and whether one more connection is taken. */
export { addressKey, isLoopback, plainAddress } from './address-key.ts';
export { ConnectionGate } from './connection-gate.ts';
export type { Refusal } from './connection-gate.ts';
export { descriptorLimit } from './descriptors.ts';
export { InboundBudget, InboundShare } from './inbound-budget.ts';
export type { InboundCounts, InboundHolder } from './inbound-budget.ts';
export { memoryLimitBytes } from './memory.ts';
export { TokenBuckets } from './token-buckets.ts';
export type { BucketSize } from './token-buckets.ts';
