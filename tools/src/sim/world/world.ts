/**
 * World: virtual time and everything that happens in it, one step after the other. A step runs one event of one process
 * and all that follows from it without waiting; only then comes the next. So nothing depends on the machine.
 */
import { Dice } from '@sealane/shared/testing';
import { EventQueue, type Planned } from './event-queue.ts';
import { Pauses } from './pauses.ts';
import type { Process } from './process.ts';
import { Trace } from './trace.ts';

interface Step extends Planned {
  at: number;
  order: number;
  /** In whose name it runs; undefined for the world itself. */
  readonly process: Process | undefined;
  run: (() => void) | undefined;
}

/** Takes a call back. */
export type Cancel = () => void;

/** When a world begins, wall clock. */
const EPOCH_MS = Date.UTC(2026, 0, 1);
/** More steps than any run needs: something turns in circles. */
const STEPS_MAX = 400_000;

export class World {
  readonly dice: Dice;
  readonly trace: Trace;
  /** What a program did that no program must do: it threw where nobody catches, or ended a connection without a reason. */
  readonly faults: string[] = [];
  /** Randomness of the programs. */
  readonly entropy: Dice;
  now = 0;
  /** The process of the present step. */
  current: Process | undefined;
  /** Whether a step is under way, also one of the world itself. */
  isAtWork = false;
  steps = 0;
  readonly #queue = new EventQueue<Step>();
  readonly #pauses = new Pauses();
  #order = 0;

  constructor(seed: number) {
    this.dice = new Dice(seed);
    this.entropy = this.dice.fork('entropy');
    this.trace = new Trace(() => this.now);
  }

  wallClock(process: Process | undefined): number {
    return Math.floor(EPOCH_MS + this.now + (process?.wallOffsetMs ?? 0));
  }

  /** Runs something later, in the name of a process that lives then. */
  schedule(process: Process | undefined, delayMs: number, run: () => void): Cancel {
    const step: Step = { at: this.now + Math.max(0, delayMs), order: ++this.#order, process, run };
    this.#queue.push(step);
    return () => {
      step.run = undefined;
    };
  }

  /** Lets time pass until then, or until `isDone`. @returns whether it was done. */
  async runUntil(time: number, isDone: () => boolean = () => false): Promise<boolean> {
    for (;;) {
      if (isDone()) return true;
      const { first } = this.#queue;
      if (first === undefined || first.at > time) break;
      this.#queue.pop();
      if (!this.#take(first)) continue;
      await this.#pauses.next();
      this.current = undefined;
      this.isAtWork = false;
      if (this.steps > STEPS_MAX) {
        this.faults.push(`more than ${STEPS_MAX} steps: something turns in circles`);
        return false;
      }
    }
    this.now = Math.max(this.now, time);
    return false;
  }

  /** Something threw where nobody catches. */
  onFault(error: unknown): void {
    this.fault(`threw: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
  }

  /** The process of the present step did what no process may do; what has ended does nothing. */
  fault(what: string): void {
    const { current } = this;
    if (current !== undefined && !current.isAlive) return;
    const name = current?.name ?? 'world';
    this.trace.add(name, `fault: ${what.split('\n', 1)[0] ?? ''}`);
    this.faults.push(`${name} ${what}`);
  }

  /** @returns whether it ran: what follows from it is still to come. */
  #take(step: Step): boolean {
    const { process, run } = step;
    if (run === undefined || process?.isAlive === false) return false;
    if (process !== undefined && process.pausedUntil > step.at) {
      step.at = process.pausedUntil;
      this.#queue.push(step);
      return false;
    }
    this.now = Math.max(this.now, step.at);
    this.steps += 1;
    this.isAtWork = true;
    this.current = process;
    step.run = undefined;
    try {
      run();
    } catch (error) {
      this.onFault(error);
    }
    return true;
  }
}
