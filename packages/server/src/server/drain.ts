/**
 * Drain: ends the sessions of a server in order. Agents are told to leave and when to come back, spread over a window; a
 * connection closes when nothing is at work on it and nothing came since the last look; what takes too long is cut.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { monotonicNow } from '@sealane/node/transport';
import type { AgentConnection } from '../connection/index.ts';
import type { Connections } from './connections.ts';

/** Bounds of a drain; together below the 5 s in which a server ends. */
export interface DrainOptions {
  /** Time for requests and streams at work, default 2,500 ms. */
  readonly workMs?: number;
  /** Time for the goodbyes, default 1,000 ms. */
  readonly closeMs?: number;
  /** From when on agents may come back, default 1,000 ms; each adds a random part of the retry window. */
  readonly comeBackAfterMs?: number;
}

const WORK_MS = 2_500;
const CLOSE_MS = 1_000;
const COME_BACK_AFTER_MS = 1_000;
const LOOK_EVERY_MS = 25;

/** Resolves when no session is left. The listener is closed before. */
export async function drainConnections(connections: Connections, options: DrainOptions = {}): Promise<void> {
  connections.isDraining = true;
  await sendAllAway(connections, options);
}

/** Ends the sessions that there are, while others may come. */
export async function sendAllAway(connections: Connections, options: DrainOptions = {}): Promise<void> {
  const { workMs = WORK_MS, closeMs = CLOSE_MS, comeBackAfterMs = COME_BACK_AFTER_MS } = options;
  const windowMs = connections.retryWindowMs;
  for (const connection of connections.live) {
    const backAfterMs = Math.round(comeBackAfterMs + Math.random() * windowMs);
    sendAway(connection, backAfterMs, workMs);
  }
  await finishWork(connections, workMs);
  for (const connection of connections.live) connection.close();
  await until(() => connections.live.length === 0, closeMs);
  for (const connection of connections.live) connection.destroy();
}

function sendAway(connection: AgentConnection, comeBackAfterMs: number, drainMs: number): void {
  const { session } = connection;
  if (session.state === 'Open') session.goAway({ code: 'E_DRAINING', comeBackAfterMs, address: null, drainMs });
  else if (session.state === 'AwaitEncryptionRequest') session.reject('E_DRAINING', comeBackAfterMs);
  connection.wake();
}

/** Closes each connection as soon as its work is done. */
async function finishWork(connections: Connections, workMs: number): Promise<void> {
  const seen = new Map<AgentConnection, number>();
  await until(() => {
    const { live } = connections;
    for (const connection of live) {
      const { isIdle, requests } = connection;
      if (isIdle && seen.get(connection) === requests) connection.close();
      seen.set(connection, requests);
    }
    return live.length === 0;
  }, workMs);
}

async function until(done: () => boolean, limitMs: number): Promise<void> {
  const endAt = monotonicNow() + limitMs;
  while (!done() && monotonicNow() < endAt) await sleep(LOOK_EVERY_MS);
}
