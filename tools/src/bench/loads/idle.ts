/** Nothing but signs of life: for contenders without heartbeats of their own, one for each connection and interval. */
import type { Load, LoadContext } from './load.ts';

export function startIdle({ connections }: LoadContext, heartbeatMs: number): Load {
  const timer = setInterval(() => {
    for (const connection of connections) connection.heartbeat?.();
  }, heartbeatMs);
  const stop = (): Promise<void> => {
    clearInterval(timer);
    return Promise.resolve();
  };
  return {
    done: () => connections.length,
    takeLatencies: () => new Float64Array(0),
    finished: Promise.resolve(),
    stop,
  };
}
