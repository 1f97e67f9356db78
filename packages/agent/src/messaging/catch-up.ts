/** CatchUp: takes the commits of a group that this device lacks, by asking for them instead of waiting for its queue. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { E2eeEngine } from '@sealane/e2ee/engine';
import type { Intake } from './intake.ts';
import type { Journal } from './journal.ts';
import type { CallServer } from './messaging-connection.ts';

export interface CatchUpParts {
  readonly call: CallServer;
  readonly journal: Journal;
  readonly intake: Intake;
  engine(): E2eeEngine;
}

/** Time in which the queue may bring them by itself: then messages between them come in order. */
const PATIENCE_MS = 500;
const LOOK_MS = 25;
const ROUNDS_MAX = 64;

export class CatchUp {
  readonly #parts: CatchUpParts;

  constructor(parts: CatchUpParts) {
    this.#parts = parts;
  }

  /** Resolves when this device is in the epoch that the group has at the server, or cannot get there. */
  async run(group: Uint8Array): Promise<void> {
    const first = await this.#epoch(group);
    const { epoch: target } = await this.#parts.call(0x50, { group, fromEpoch: Number.MAX_SAFE_INTEGER });
    for (let waited = 0; waited < PATIENCE_MS; waited += LOOK_MS) {
      if ((await this.#epoch(group)) >= target) return;
      await sleep(LOOK_MS);
    }
    for (let round = 0, at = first; round < ROUNDS_MAX && at < target; round++) {
      at = await this.#epoch(group);
      const { commits } = await this.#parts.call(0x50, { group, fromEpoch: at });
      for (const item of commits) await this.#parts.intake.take(item.slice());
      const now = await this.#epoch(group);
      if (now === at) return;
      at = now;
    }
  }

  async #epoch(group: Uint8Array): Promise<number> {
    return await this.#parts.journal.transaction(
      async (tx) => (await this.#parts.engine().groupOf(tx, group))?.epoch ?? -1,
    );
  }
}
