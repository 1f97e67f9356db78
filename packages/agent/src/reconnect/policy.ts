/** How an agent reconnects: what it starts with, until a server hands out its own times in Accepted. */

/** Times of the reconnection; all in ms. */
export interface ReconnectPolicy {
  /** Upper bound of the first random wait. */
  readonly baseMs: number;
  /** Bound beyond which the waits do not grow. */
  readonly capMs: number;
  /** The first attempt after a lost connection is spread over this time, so that a fleet does not come at once. */
  readonly windowMs: number;
  /** A connection that lasted this long makes the waits start from the beginning. */
  readonly stableAfterMs: number;
}

/** Before the first contact. */
export const DEFAULT_RECONNECT_POLICY: ReconnectPolicy = {
  baseMs: 500,
  capMs: 30_000,
  windowMs: 500,
  stableAfterMs: 30_000,
};

/** Smallest base and largest cap that are obeyed, whoever names them. */
const BASE_MS_MIN = 50;
const CAP_MS_MAX = 3_600_000;

/** The policy with some of its times replaced, brought into bounds. @throws RangeError for what is no time. */
export function reconnectPolicy(policy: ReconnectPolicy, changes: Partial<ReconnectPolicy>): ReconnectPolicy {
  const merged = { ...policy, ...changes };
  for (const [name, value] of Object.entries(merged)) {
    if (!Number.isFinite(value) || value < 0) throw new RangeError(`"${name}" expected milliseconds, got ${value}`);
  }
  const baseMs = Math.min(Math.max(merged.baseMs, BASE_MS_MIN), CAP_MS_MAX);
  const capMs = Math.min(Math.max(merged.capMs, baseMs), CAP_MS_MAX);
  return { ...merged, baseMs, capMs, windowMs: Math.min(merged.windowMs, capMs) };
}
