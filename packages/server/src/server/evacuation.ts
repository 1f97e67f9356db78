/**
 * Evacuation: a node that has lost the store it shares sends its agents to the others, and takes no more until the store is
 * back (fault M5); but only when another node says that it is ready. Where none is, nobody is sent anywhere: agents keep their
 * connections, and what they publish waits in their outboxes.
 */
import { clearTimeout as stopTimer, setTimeout as startTimer } from 'node:timers';
import type { Logger } from '@sealane/node/log';
import type { StoreHealth } from '../store/index.ts';
import type { Connections } from './connections.ts';
import { sendAllAway } from './drain.ts';

export interface EvacuationOptions {
  readonly connections: Connections;
  /** Where the other nodes say whether they are ready: URLs, as known when the store was there last. */
  readonly peerUrls: () => readonly string[];
  readonly log: Logger;
}

/** A store that is back sooner moves nobody. */
const PATIENCE_MS = 3_000;
const ASK_AGAIN_MS = 5_000;
const ANSWER_MS_MAX = 1_000;
/** Nodes that are asked at once. */
const ASKED_MAX = 16;

export class Evacuation {
  readonly #options: EvacuationOptions;
  #timer: NodeJS.Timeout | undefined;
  #isStopped = false;

  constructor(options: EvacuationOptions) {
    this.#options = options;
  }

  onHealth({ status }: StoreHealth): void {
    if (status === 'unavailable') {
      this.#timer ??= this.#askIn(PATIENCE_MS);
      return;
    }
    stopTimer(this.#timer);
    this.#timer = undefined;
    this.#options.connections.isEvacuated = false;
  }

  stop(): void {
    this.#isStopped = true;
    stopTimer(this.#timer);
  }

  #askIn(delayMs: number): NodeJS.Timeout {
    const timer = startTimer(() => void this.#ask(), delayMs);
    timer.unref();
    return timer;
  }

  async #ask(): Promise<void> {
    const asked = this.#timer;
    const { connections, log } = this.#options;
    const urls = this.#options.peerUrls().slice(0, ASKED_MAX);
    const isReady = (await Promise.all(urls.map(saysReady))).includes(true);
    // The store came back meanwhile, or the server ends.
    if (this.#isStopped || this.#timer !== asked) return;
    this.#timer = this.#askIn(ASK_AGAIN_MS);
    if (!isReady) {
      connections.isEvacuated = false;
      return;
    }
    if (connections.isEvacuated) return;
    connections.isEvacuated = true;
    log.warn('the store is gone here and another node is ready: agents are sent there', {
      agents: connections.roster.agentCount,
    });
    await sendAllAway(connections);
  }
}

async function saysReady(url: string): Promise<boolean> {
  try {
    const { ok } = await fetch(url, { signal: AbortSignal.timeout(ANSWER_MS_MAX), redirect: 'error' });
    return ok;
  } catch {
    return false;
  }
}
