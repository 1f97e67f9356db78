/**
 * ScriptLane: group commit over one script. What comes while batches are out goes into the next one. Batches stay in order:
 * when one fails for a passing reason, those behind it are waited for, and all are sent again as they were. The script
 * knows each batch by its number, so one whose answer was lost is neither lost nor done twice.
 */
import { RedisFault } from './redis-fault.ts';

/** One batch, kept until it is answered or given up. */
export interface LaneBatch {
  readonly number: number;
  /** Nobody waits for it any more; it is not sent again. */
  readonly isAbandoned: boolean;
  send(): Promise<string>;
  done(answer: string): void;
  fail(fault: RedisFault): void;
}

export interface LaneOptions {
  /** Batches that may be out at once. */
  readonly depth: number;
  /** The next batch of what waits, or undefined. */
  readonly form: () => LaneBatch | undefined;
  /** Makes it possible to send again: waits for the connection, reads the table anew. May take as long as it takes. */
  readonly recover: (why: 'stale' | 'lost' | RedisFault) => Promise<void>;
  /** An error that sending again does not cure. */
  readonly onFault: (fault: RedisFault) => void;
}

export class ScriptLane {
  readonly #options: LaneOptions;
  readonly #out = new Set<LaneBatch>();
  #again: LaneBatch[] = [];
  /** Why batches have to be sent again. */
  #halted: 'stale' | 'lost' | RedisFault | undefined;
  #isRecovering = false;
  #isClosed = false;

  constructor(options: LaneOptions) {
    this.#options = options;
  }

  get isIdle(): boolean {
    return this.#out.size === 0 && this.#again.length === 0;
  }

  /** Sends what may be sent. */
  pump(): void {
    if (this.#halted !== undefined || this.#isClosed) return;
    while (this.#out.size < this.#options.depth) {
      const batch = this.#again.shift() ?? this.#options.form();
      if (batch === undefined) return;
      if (!batch.isAbandoned) this.#send(batch);
    }
  }

  /** Nothing is sent any more, and what would be sent again fails. */
  close(): void {
    this.#isClosed = true;
    for (const batch of this.#again.splice(0)) batch.fail(RedisFault.down());
  }

  #send(batch: LaneBatch): void {
    this.#out.add(batch);
    batch.send().then(
      (answer) => {
        this.#out.delete(batch);
        if (answer === 'stale' || answer === 'lost') this.#halt(batch, answer);
        else batch.done(answer);
        this.#next();
      },
      (error: unknown) => {
        this.#out.delete(batch);
        const fault = error instanceof RedisFault ? error : RedisFault.ofReply(asError(error));
        if (fault.isTransient) this.#halt(batch, fault);
        else {
          this.#options.onFault(fault);
          batch.fail(fault);
        }
        this.#next();
      },
    );
  }

  #halt(batch: LaneBatch, why: 'stale' | 'lost' | RedisFault): void {
    if (this.#isClosed) {
      batch.fail(RedisFault.down());
      return;
    }
    this.#again.push(batch);
    this.#again.sort((a, b) => a.number - b.number);
    this.#halted ??= why;
  }

  #next(): void {
    if (this.#halted === undefined) this.pump();
    else if (this.#out.size === 0 && !this.#isRecovering) void this.#recover(this.#halted);
  }

  async #recover(why: 'stale' | 'lost' | RedisFault): Promise<void> {
    this.#isRecovering = true;
    await this.#options.recover(why);
    this.#isRecovering = false;
    this.#halted = undefined;
    this.#again = this.#again.filter(({ isAbandoned }) => !isAbandoned);
    this.pump();
  }
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}
