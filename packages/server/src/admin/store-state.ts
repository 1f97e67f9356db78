/** How the health of the store is told: whether it takes events, and why not. */
import type { StoreHealth } from '../store/index.ts';

export interface StoreState {
  readonly isReady: boolean;
  readonly isBlockedByDisk: boolean;
  readonly reasons: readonly string[];
}

/** A store that is slow, or whose receipts are relaxed, still takes events. */
export function storeState({ status, reasons }: StoreHealth): StoreState {
  const isBlockedByDisk = reasons.includes('disk-floor');
  return { isReady: (status === 'ready' || status === 'degraded') && !isBlockedByDisk, isBlockedByDisk, reasons };
}
