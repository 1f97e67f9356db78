/** Timers of Node.js over the virtual time of a world: they belong to the process in whose step they are started. */
import type { Cancel, World } from '../world/world.ts';

/** Node.js rounds shorter ones up. */
const DELAY_MS_MIN = 1;
const DELAY_MS_MAX = 2_147_483_647;

type Callback = (...values: unknown[]) => void;

/** What `setTimeout` gives. */
export class VirtualTimer {
  readonly #cancel: Cancel;

  constructor(cancel: Cancel) {
    this.#cancel = cancel;
  }

  ref(): this {
    return this;
  }

  unref(): this {
    return this;
  }

  hasRef(): boolean {
    return true;
  }

  stop(): void {
    this.#cancel();
  }
}

export class VirtualTimers {
  readonly #world: () => World;

  constructor(world: () => World) {
    this.#world = world;
  }

  readonly setTimeout = (callback: Callback, delayMs = 0, ...values: unknown[]): VirtualTimer =>
    this.#start(delayOf(delayMs), () => callback(...values));

  readonly setImmediate = (callback: Callback, ...values: unknown[]): VirtualTimer =>
    this.#start(0, () => callback(...values));

  readonly setInterval = (callback: Callback, delayMs = 0, ...values: unknown[]): VirtualTimer => {
    let cancel: Cancel = () => undefined;
    let isStopped = false;
    const again = (): void => {
      cancel = this.#plan(delayOf(delayMs), () => {
        callback(...values);
        if (!isStopped) again();
      });
    };
    again();
    return new VirtualTimer(() => {
      isStopped = true;
      cancel();
    });
  };

  readonly clear = (timer: unknown): void => {
    if (timer instanceof VirtualTimer) timer.stop();
  };

  /** As of `node:timers/promises`. */
  readonly sleep = async <Value>(
    delayMs?: number,
    value?: Value,
    { signal }: { readonly signal?: AbortSignal } = {},
  ): Promise<Value | undefined> => this.#wait(delayOf(delayMs ?? 0), value, signal);

  /** As of `node:timers/promises`. */
  readonly endOfTurn = async <Value>(value?: Value): Promise<Value | undefined> => this.#wait(0, value, undefined);

  #wait<Value>(delayMs: number, value: Value, signal: AbortSignal | undefined): Promise<Value> {
    return new Promise((resolve, reject) => {
      const onAbort = (): void => {
        timer.stop();
        reject(new DOMException('The operation was aborted', 'AbortError'));
      };
      const timer = this.#start(delayMs, () => {
        signal?.removeEventListener('abort', onAbort);
        resolve(value);
      });
      if (signal?.aborted === true) onAbort();
      else signal?.addEventListener('abort', onAbort, { once: true });
    });
  }

  #start(delayMs: number, run: () => void): VirtualTimer {
    return new VirtualTimer(this.#plan(delayMs, run));
  }

  #plan(delayMs: number, run: () => void): Cancel {
    const world = this.#world();
    return world.schedule(world.current, delayMs, run);
  }
}

function delayOf(delayMs: number): number {
  return delayMs >= DELAY_MS_MIN && delayMs <= DELAY_MS_MAX ? delayMs : DELAY_MS_MIN;
}
