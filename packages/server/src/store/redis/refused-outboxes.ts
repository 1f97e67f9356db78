/**
 * RefusedOutboxes: outboxes of which a number was refused for now. What follows it is refused too, until that number comes
 * again (docs/protocols/delivery.md §3.9). Whoever publishes does the same once it knows; this is for what it hands in
 * before.
 */
import { monotonicNow } from '@sealane/node/transport';
import type { NewEvent, PublishResult } from '../store.ts';
import { PUBLISH_WAIT_MS } from './times.ts';

type Refusal = Extract<PublishResult, { readonly status: 'refused' }>;

interface Refused {
  readonly number: number;
  readonly refusal: Refusal;
  readonly until: number;
}

/** By then everything that was handed in before is answered. */
const KEPT_MS = 2 * PUBLISH_WAIT_MS;
/** The first of more make room. */
const OUTBOXES_MAX = 65_536;

export class RefusedOutboxes {
  /** By the key of the outbox; the oldest first. */
  readonly #refused = new Map<string, Refused>();

  get isEmpty(): boolean {
    return this.#refused.size === 0;
  }

  /** Takes note of what became of an event. @returns whether others are to be refused now. */
  note({ dedup }: NewEvent, key: string, result: PublishResult): boolean {
    if (dedup.kind !== 'number' || result.status !== 'refused' || !isForAll(result)) return false;
    const now = monotonicNow();
    const before = this.#refused.get(key);
    if (before !== undefined && before.number <= dedup.number && now < before.until) return false;
    this.#refused.delete(key);
    this.#refused.set(key, { number: dedup.number, refusal: result, until: now + KEPT_MS });
    this.#forgetOld(now);
    return true;
  }

  /** Why an event is refused that is handed in now; undefined where it is not. The refused number itself is welcome. */
  refusalOf({ dedup }: NewEvent, key: string): Refusal | undefined {
    if (dedup.kind !== 'number') return undefined;
    const refused = this.#refused.get(key);
    if (refused === undefined || dedup.number < refused.number) return undefined;
    if (dedup.number > refused.number && monotonicNow() < refused.until) return refused.refusal;
    this.#refused.delete(key);
    return undefined;
  }

  #forgetOld(now: number): void {
    for (const [key, { until }] of this.#refused) {
      if (until > now && this.#refused.size <= OUTBOXES_MAX) return;
      this.#refused.delete(key);
    }
  }
}

/** A full queue holds up what goes to it, and nothing else. */
function isForAll({ code }: Refusal): boolean {
  return code === 'E_STORE_UNAVAILABLE' || code === 'E_STORE_FULL';
}
