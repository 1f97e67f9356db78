/**
 * ConnectionGate: whether one more connection is taken, before any byte of it is read. What it counts it counts exactly:
 * each `open` is matched by one `close`, and an address without connections leaves nothing behind (row G3).
 */
import type { ErrorCode } from '@sealane/shared/errors';
import type { ServerLimits } from '../config/index.ts';
import { FailureWindow } from './failure-window.ts';

/** Why a connection is not taken. */
export type RefusalReason =
  | 'connections'
  | 'unauthenticated'
  | 'address'
  | 'early-drop'
  | 'rate'
  | 'draining'
  | 'banned';

/** A refusal as the agent is told it. */
export interface Refusal {
  readonly reason: RefusalReason;
  readonly code: ErrorCode;
  readonly retryAfterMs: number;
}

/** Connections of one address. */
interface AddressCounts {
  unauthenticated: number;
  authenticated: number;
}

const RETRY_FULL_MS = 5_000;
const RETRY_BUSY_MS = 1_000;

export class ConnectionGate {
  readonly #limits: ServerLimits;
  readonly #connectionsMax: number;
  readonly #random: () => number;
  readonly #failures: FailureWindow;
  readonly #byAddress = new Map<string, AddressCounts>();
  #connections = 0;
  #unauthenticated = 0;

  /**
   * @param options.descriptorsMax file descriptors the process may have; Node reports nothing when they run out, so
   *   connections stop before.
   * @param options.random a number from 0 to 1.
   */
  constructor(limits: ServerLimits, options: { readonly descriptorsMax: number; readonly random?: () => number }) {
    this.#limits = limits;
    this.#random = options.random ?? Math.random;
    const byDescriptors = Math.max(1, options.descriptorsMax - limits.descriptorsReserved);
    this.#connectionsMax = Math.min(limits.connectionsMax, byDescriptors);
    const { handshakeFailuresMax: failuresMax, handshakeFailureWindowMs: windowMs } = limits;
    this.#failures = new FailureWindow({ failuresMax, windowMs });
  }

  /** What is counted now. */
  get counts(): {
    readonly connections: number;
    readonly connectionsMax: number;
    readonly unauthenticated: number;
    readonly addresses: number;
    readonly failingAddresses: number;
  } {
    return {
      connections: this.#connections,
      connectionsMax: this.#connectionsMax,
      unauthenticated: this.#unauthenticated,
      addresses: this.#byAddress.size,
      failingAddresses: this.#failures.size,
    };
  }

  /** Why a connection of this address is not taken; undefined when it is. @param now monotonic ms. */
  judge(key: string, options: { readonly isLoopback: boolean; readonly now: number }): Refusal | undefined {
    const limits = this.#limits;
    if (this.#connections >= this.#connectionsMax) return refusal('connections', RETRY_FULL_MS);
    const exempt = options.isLoopback && limits.loopbackExempt;
    if (!exempt) {
      const waitMs = this.#failures.waitMs(key, options.now);
      if (waitMs > 0) return { reason: 'rate', code: 'E_RATE_LIMITED', retryAfterMs: waitMs };
      const ofAddress = this.#byAddress.get(key)?.unauthenticated ?? 0;
      if (ofAddress >= limits.unauthenticatedPerAddressMax) return refusal('address', RETRY_BUSY_MS);
      const { unauthenticatedPerAddressDropFrom: from, unauthenticatedPerAddressMax: max } = limits;
      if (this.#dropsEarly(ofAddress, from, max)) return refusal('early-drop', RETRY_BUSY_MS);
    }
    if (this.#unauthenticated >= limits.unauthenticatedMax) return refusal('unauthenticated', RETRY_BUSY_MS);
    if (exempt) return undefined;
    const { unauthenticatedDropFrom: from, unauthenticatedMax: max } = limits;
    return this.#dropsEarly(this.#unauthenticated, from, max) ? refusal('early-drop', RETRY_BUSY_MS) : undefined;
  }

  /** A connection was taken. */
  open(key: string): void {
    this.#connections += 1;
    this.#unauthenticated += 1;
    const counts = this.#byAddress.get(key);
    if (counts === undefined) this.#byAddress.set(key, { unauthenticated: 1, authenticated: 0 });
    else counts.unauthenticated += 1;
  }

  /** A connection proved who it is. @returns false when its address has as many as it may: refuse it. */
  authenticate(key: string): boolean {
    const counts = this.#byAddress.get(key);
    if (counts === undefined || counts.authenticated >= this.#limits.authenticatedPerAddressMax) return false;
    counts.unauthenticated -= 1;
    counts.authenticated += 1;
    this.#unauthenticated -= 1;
    return true;
  }

  /** A connection is gone. @param authenticated whether `authenticate` was called for it and was true. */
  close(key: string, authenticated: boolean): void {
    this.#connections -= 1;
    if (!authenticated) this.#unauthenticated -= 1;
    const counts = this.#byAddress.get(key);
    if (counts === undefined) return;
    counts[authenticated ? 'authenticated' : 'unauthenticated'] -= 1;
    if (counts.unauthenticated + counts.authenticated === 0) this.#byAddress.delete(key);
  }

  /** A handshake of this address failed. @param now monotonic ms. */
  fail(key: string, now: number): void {
    this.#failures.fail(key, now);
  }

  /** Random early drop: surely not at `from`, surely at `max`, and in a straight line between. */
  #dropsEarly(count: number, from: number, max: number): boolean {
    if (count < from || max <= from) return false;
    return this.#random() < (count - from) / (max - from);
  }
}

function refusal(reason: RefusalReason, retryAfterMs: number): Refusal {
  return { reason, code: 'E_TOO_MANY_CONNECTIONS', retryAfterMs };
}
