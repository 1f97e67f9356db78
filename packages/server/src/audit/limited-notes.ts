/** LimitedNotes: entries that strangers can cause as often as they like: a few in a minute, and then how many more there were. */
import type { AuditFields, AuditRecorder } from './audit-record.ts';

const NOTES_MAX = 10;
const WINDOW_MS = 60_000;

export class LimitedNotes implements AuditRecorder {
  readonly #audit: AuditRecorder;
  readonly #now: () => number;
  #windowStartedAt: number;
  #noted = 0;
  #leftOut = 0;

  /** @param now monotonic ms. */
  constructor(audit: AuditRecorder, now: () => number) {
    this.#audit = audit;
    this.#now = now;
    this.#windowStartedAt = now();
  }

  note(action: string, fields: AuditFields = {}): void {
    if (this.#now() - this.#windowStartedAt >= WINDOW_MS) {
      this.#windowStartedAt = this.#now();
      this.#noted = 0;
    }
    if (this.#noted >= NOTES_MAX) {
      this.#leftOut += 1;
      return;
    }
    this.#noted += 1;
    const leftOut = this.#leftOut;
    this.#leftOut = 0;
    this.#audit.note(action, leftOut === 0 ? fields : { ...fields, leftOutBefore: leftOut });
  }
}
