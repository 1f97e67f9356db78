/**
 * PublishLane: publishes one batch after the other, in the order in which work came. While the store of events takes nothing,
 * what is promised stays as it is and nobody waits for it; it goes on where it stopped.
 */
import type { NewEvent, PublishResult } from '../../store/index.ts';
import type { ServiceEnvironment } from '../devices.ts';

/** An event for one device. */
export interface Addressed {
  readonly agentId: string;
  readonly event: NewEvent;
}

/** One item for some devices. */
export interface LaneWork {
  readonly recipients: readonly string[];
  /** Bytes of one event. */
  readonly bytes: number;
  readonly eventFor: (agentId: string) => NewEvent;
  /** Every device has it. */
  readonly onDone: () => void;
}

export interface PublishLaneOptions {
  readonly publish: (events: readonly Addressed[]) => Promise<readonly PublishResult[]>;
  readonly environment: ServiceEnvironment;
  /** How long to wait before the store is asked again. */
  readonly retryMs: number;
}

interface Entry {
  readonly work: LaneWork;
  /** Receivers that are in no batch yet begin here. */
  next: number;
  /** Receivers that do not have it. */
  left: number;
  readonly resolve: () => void;
}

interface Part {
  readonly entry: Entry;
  readonly agentId: string;
}

/** Events of one batch, and the bytes of their bodies. */
const BATCH_EVENTS_MAX = 4_096;
const BATCH_BYTES_MAX = 8_388_608;

export class PublishLane {
  readonly #options: PublishLaneOptions;
  readonly #entries: Entry[] = [];
  /** Parts that the store refused for now: they come before everything else. */
  #again: Part[] = [];
  #waiting = 0;
  #waitingBytes = 0;
  #isRunning = false;
  /** The store takes nothing: whoever comes is not to wait. */
  #isHalted = false;
  #isStopped = false;

  constructor(options: PublishLaneOptions) {
    this.#options = options;
  }

  /** Items that some device does not have yet. */
  get waiting(): number {
    return this.#waiting;
  }

  /** Bytes of their bodies. */
  get waitingBytes(): number {
    return this.#waitingBytes;
  }

  /** Resolves when all of it is published, or the store takes nothing for now. */
  add(work: LaneWork): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<undefined>();
    this.#entries.push({ work, next: 0, left: work.recipients.length, resolve: () => resolve(undefined) });
    this.#waiting += 1;
    this.#waitingBytes += work.bytes;
    if (this.#isHalted || this.#isStopped) resolve(undefined);
    if (!this.#isRunning) void this.#run();
    return promise;
  }

  /** Takes up nothing more. */
  stop(): void {
    this.#isStopped = true;
    this.#letGo();
  }

  async #run(): Promise<void> {
    this.#isRunning = true;
    while (!this.#isStopped && (this.#again.length > 0 || this.#entries.length > 0)) {
      const parts = this.#nextBatch();
      const refused = await this.#publish(parts);
      this.#again = [...refused, ...this.#again];
      this.#isHalted = refused.length > 0;
      if (!this.#isHalted) continue;
      this.#letGo();
      await this.#pause();
    }
    this.#isRunning = false;
  }

  #nextBatch(): Part[] {
    if (this.#again.length > 0) return this.#again.splice(0, BATCH_EVENTS_MAX);
    const parts: Part[] = [];
    let bytes = 0;
    for (let entry = this.#entries[0]; entry !== undefined; entry = this.#entries[0]) {
      const { work } = entry;
      for (; entry.next < work.recipients.length; entry.next++) {
        if (parts.length >= BATCH_EVENTS_MAX || (parts.length > 0 && bytes + work.bytes > BATCH_BYTES_MAX))
          return parts;
        parts.push({ entry, agentId: work.recipients[entry.next] ?? '' });
        bytes += work.bytes;
      }
      this.#entries.shift();
    }
    return parts;
  }

  /** @returns what has to be tried again. */
  async #publish(parts: readonly Part[]): Promise<Part[]> {
    const events = parts.map(({ entry, agentId }) => ({ agentId, event: entry.work.eventFor(agentId) }));
    let results: readonly PublishResult[];
    try {
      results = await this.#options.publish(events);
    } catch {
      return [...parts];
    }
    const refused: Part[] = [];
    for (const [index, part] of parts.entries()) {
      if (isForNow(results[index])) refused.push(part);
      else this.#onPublished(part.entry);
    }
    return refused;
  }

  #onPublished(entry: Entry): void {
    entry.left -= 1;
    if (entry.left > 0) return;
    this.#waiting -= 1;
    this.#waitingBytes -= entry.work.bytes;
    entry.work.onDone();
    entry.resolve();
  }

  /** Nobody waits any more for what is promised. */
  #letGo(): void {
    for (const { resolve } of this.#entries) resolve();
    for (const { entry } of this.#again) entry.resolve();
  }

  #pause(): Promise<void> {
    const { environment, retryMs } = this.#options;
    return new Promise((resolve) => environment.schedule(retryMs, resolve));
  }
}

/** Whether the store may take it later. */
function isForNow(result: PublishResult | undefined): boolean {
  return result === undefined || (result.status === 'refused' && result.retryAfterMs > 0);
}
