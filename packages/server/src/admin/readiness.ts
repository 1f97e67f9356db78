/** Readiness: whether agents and events are taken, and why not, in one word a reason. */
import type { Server } from '../server/index.ts';
import { storeState } from './store-state.ts';

export interface Readiness {
  readonly isReady: boolean;
  readonly reasons: readonly string[];
}

export function readinessOf(server: Server): Readiness {
  if (!server.isServing) return { isReady: false, reasons: ['draining'] };
  const { isReady, reasons } = storeState(server.delivery.health);
  return { isReady, reasons };
}

/** As `/readyz` tells it. */
export function healthOf({ isReady, reasons }: Readiness) {
  return { status: isReady ? ('ok' as const) : ('unavailable' as const), reasons: [...reasons] };
}
