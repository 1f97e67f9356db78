/** Callers: who waits for the receipt of which event, and for how long. The event stays, whatever becomes of its caller. */
import { ProtocolError, type SealaneError } from '@sealane/shared/errors';
import { explained } from '@sealane/node/config';
import type { Moved } from './outbox.ts';
import type { Receipt } from './receipt.ts';
import type { Timers } from './timers.ts';

/** One who waits; those of one number stand in a row. */
interface Caller {
  number: number;
  readonly resolve: (receipt: Receipt) => void;
  readonly reject: (error: Error) => void;
  /** Ends its timer and its signal; undefined where it has neither. */
  leave: (() => void) | undefined;
  next: Caller | undefined;
}

/** How long a caller waits. */
export interface CallerWait {
  /** 0 for no limit. */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
}

export class Callers {
  /** Why events are not stored at present: told to a caller whose time is up. */
  trouble: SealaneError | undefined;
  readonly #timers: Timers;
  #callers = new Map<number, Caller>();

  constructor(timers: Timers) {
    this.#timers = timers;
  }

  /** @throws ProtocolError `E_TIMEOUT`, `E_CANCELLED`, or what `reject` is given. */
  wait(number: number, wait: CallerWait): Promise<Receipt> {
    return new Promise((resolve, reject) => {
      const caller: Caller = { number, resolve, reject, leave: undefined, next: undefined };
      this.#add(caller);
      if (wait.timeoutMs > 0 || wait.signal !== undefined) this.#bound(caller, wait);
    });
  }

  /** @returns whether anybody waited. */
  resolve(number: number, receipt: Receipt): boolean {
    const first = this.#take(number);
    for (let caller = first; caller !== undefined; caller = caller.next) {
      caller.leave?.();
      caller.resolve(receipt);
    }
    return first !== undefined;
  }

  /** @returns whether anybody waited. */
  reject(number: number, error: Error): boolean {
    const first = this.#take(number);
    for (let caller = first; caller !== undefined; caller = caller.next) {
      caller.leave?.();
      caller.reject(error);
    }
    return first !== undefined;
  }

  rejectAll(error: Error): void {
    for (const number of [...this.#callers.keys()]) this.reject(number, error);
  }

  /** Events have other numbers now. */
  move({ first, last, by }: Moved): void {
    const heads = [...this.#callers.values()];
    this.#callers = new Map();
    for (const head of heads) {
      const number = head.number > first && head.number <= last ? head.number + by : head.number;
      for (let caller: Caller | undefined = head; caller !== undefined; caller = caller.next) caller.number = number;
      this.#callers.set(number, head);
    }
  }

  /** Gives its wait an end. */
  #bound(caller: Caller, { timeoutMs, signal }: CallerWait): void {
    const give = (error: Error): void => {
      this.#remove(caller);
      caller.leave?.();
      caller.reject(error);
    };
    const onAbort = (): void => give(new ProtocolError('E_CANCELLED'));
    const onLate = (): void => give(lateError(timeoutMs, this.trouble));
    const cancel = timeoutMs === 0 ? undefined : this.#timers.after(timeoutMs, onLate);
    caller.leave = (): void => {
      cancel?.();
      signal?.removeEventListener('abort', onAbort);
    };
    if (signal?.aborted === true) onAbort();
    else signal?.addEventListener('abort', onAbort, { once: true });
  }

  #add(caller: Caller): void {
    const first = this.#callers.get(caller.number);
    if (first === undefined) {
      this.#callers.set(caller.number, caller);
      return;
    }
    let last = first;
    while (last.next !== undefined) last = last.next;
    last.next = caller;
  }

  #remove(caller: Caller): void {
    const { number, next } = caller;
    let before = this.#callers.get(number);
    if (before === caller) {
      if (next === undefined) this.#callers.delete(number);
      else this.#callers.set(number, next);
      return;
    }
    while (before !== undefined && before.next !== caller) before = before.next;
    if (before !== undefined) before.next = next;
  }

  #take(number: number): Caller | undefined {
    const first = this.#callers.get(number);
    if (first !== undefined) this.#callers.delete(number);
    return first;
  }
}

function lateError(timeoutMs: number, trouble: SealaneError | undefined): ProtocolError {
  const message = `No receipt within ${timeoutMs} ms; the event stays in the outbox and goes out later`;
  const error = new ProtocolError('E_TIMEOUT', message, { cause: trouble });
  return trouble === undefined ? error : explained(error, { why: trouble.message });
}
