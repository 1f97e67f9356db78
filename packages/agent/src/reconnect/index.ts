/** Reconnect: when to try again, and when never. */
export { Backoff } from './backoff.ts';
export { DEFAULT_RECONNECT_POLICY, reconnectPolicy } from './policy.ts';
export type { ReconnectPolicy } from './policy.ts';
export { isTerminal } from './terminal.ts';
