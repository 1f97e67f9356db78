/**
 * The end of a command: the first SIGINT or SIGTERM asks everything to end in order, the second ends at once, and a
 * time limit holds in between. Commands add what they must do; run-cli.ts turns the outcome into an exit code.
 */
import { constants } from 'node:os';
import type { Logger } from '../log/index.ts';

/** Signals that end a command. */
export type EndSignal = 'SIGINT' | 'SIGTERM';

/** Where signals come from: `process`, or an emitter in tests. */
export interface SignalSource {
  on(signal: string, listener: () => void): unknown;
  off(signal: string, listener: () => void): unknown;
}

interface ShutdownOptions {
  readonly signals: SignalSource;
  readonly log: Logger;
  /** Ends the process at once. */
  readonly exitNow: (code: number) => void;
  /** Time for an orderly end, in milliseconds. */
  readonly graceMs?: number;
}

/** Below the 5 s that a server has for its end. */
const GRACE_MS = 4_500;

/** Exit code of a process ended by a signal: 128 and its number. */
export function signalExit(signal: EndSignal): number {
  return 128 + constants.signals[signal];
}

/** Collects what is to be done at the end and does it once, the last added first. */
export class Shutdown {
  readonly #options: ShutdownOptions;
  readonly #controller = new AbortController();
  readonly #tasks: (() => Promise<void> | void)[] = [];
  readonly #reloadTasks: (() => Promise<void> | void)[] = [];
  readonly #begun = new Moment();
  readonly #tasksDone = new Moment();
  readonly #timeUp = new Moment();
  #timer: NodeJS.Timeout | undefined;
  #signalUsed = false;
  #endSignal: EndSignal | undefined;
  readonly #onInterrupt = (): void => this.#receive('SIGINT');
  readonly #onTerminate = (): void => this.#receive('SIGTERM');
  readonly #onHangUp = (): void => this.#reload();

  constructor(options: ShutdownOptions) {
    this.#options = options;
    options.signals.on('SIGINT', this.#onInterrupt);
    options.signals.on('SIGTERM', this.#onTerminate);
  }

  /** Aborted when the end begins. A command that takes it is waited for. */
  get signal(): AbortSignal {
    this.#signalUsed = true;
    return this.#controller.signal;
  }

  /** Whether the end has begun. */
  get begun(): boolean {
    return this.#controller.signal.aborted;
  }

  /** The signal that began the end, if one did. */
  get endSignal(): EndSignal | undefined {
    return this.#endSignal;
  }

  /** Whether the command takes part in its end and is to be waited for. */
  get awaited(): boolean {
    return this.#signalUsed || this.#tasks.length > 0;
  }

  /** Resolves when the end begins. */
  get whenBegun(): Promise<void> {
    return this.#begun.passed;
  }

  /** Resolves when the tasks are done. */
  get whenTasksDone(): Promise<void> {
    return this.#tasksDone.passed;
  }

  /** Resolves when the time for an orderly end is up. */
  get whenTimeIsUp(): Promise<void> {
    return this.#timeUp.passed;
  }

  /** Adds a task for the end; a task added after the end began runs at once. */
  onShutdown(task: () => Promise<void> | void): void {
    this.#tasks.push(task);
    if (this.begun) void this.#runTask(task);
  }

  /** Adds a task for SIGHUP, which without one ends the process as usual. */
  onReload(task: () => Promise<void> | void): void {
    if (this.#reloadTasks.length === 0) this.#options.signals.on('SIGHUP', this.#onHangUp);
    this.#reloadTasks.push(task);
  }

  /** Begins the end without a signal. */
  begin(): void {
    if (this.begun) return;
    this.#timer = setTimeout(this.#timeUp.pass, this.#options.graceMs ?? GRACE_MS);
    this.#controller.abort();
    this.#begun.pass();
    void this.#runTasks().then(this.#tasksDone.pass);
  }

  /** Takes the signal handlers and the timer away. */
  dispose(): void {
    clearTimeout(this.#timer);
    const { signals } = this.#options;
    signals.off('SIGINT', this.#onInterrupt);
    signals.off('SIGTERM', this.#onTerminate);
    signals.off('SIGHUP', this.#onHangUp);
  }

  #receive(signal: EndSignal): void {
    if (this.#endSignal !== undefined) {
      this.#options.exitNow(signalExit(signal));
      return;
    }
    this.#endSignal = signal;
    this.#options.log.info('shutting down', { signal });
    this.begin();
  }

  #reload(): void {
    for (const task of this.#reloadTasks) void this.#runTask(task);
  }

  async #runTasks(): Promise<void> {
    for (const task of [...this.#tasks].reverse()) await this.#runTask(task);
  }

  async #runTask(task: () => Promise<void> | void): Promise<void> {
    try {
      await task();
    } catch (error) {
      this.#options.log.error('a task of the shutdown or reload failed', { error });
    }
  }
}

/** Something that happens once and can be waited for, before and after. */
class Moment {
  pass: () => void = () => undefined;
  readonly passed = new Promise<void>((resolve) => {
    this.pass = resolve;
  });
}
