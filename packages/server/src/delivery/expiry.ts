/** Until when an event counts, wall clock ms. @param ttlMs 0 for as long as its queue keeps it. */
export function expiryOf(publishedAt: number, ttlMs: number): number {
  return ttlMs === 0 ? Number.MAX_SAFE_INTEGER : Math.min(publishedAt + ttlMs, Number.MAX_SAFE_INTEGER);
}
