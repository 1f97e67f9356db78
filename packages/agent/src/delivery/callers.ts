/** Callers: who waits for the receipt of which event, and for how long. The event stays, whatever becomes of its caller. */
import { ProtocolError, type SealaneError } from '@sealane/shared/errors';
import { explained } from '@sealane/node/config';
import type { Moved } from './outbox.ts';
import type { Receipt } from './receipt.ts';
import type { Timers } from './timers.ts';

interface Caller {
  number: number;
  readonly resolve: (receipt: Receipt) => void;
  readonly reject: (error: Error) => void;
  /** Ends its timer and its signal. */
  readonly leave: () => void;
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
  #callers = new Map<number, Caller[]>();

  constructor(timers: Timers) {
    this.#timers = timers;
  }

  /** @throws ProtocolError `E_TIMEOUT`, `E_CANCELLED`, or what `reject` is given. */
  wait(number: number, { timeoutMs, signal }: CallerWait): Promise<Receipt> {
    return new Promise((resolve, reject) => {
      const give = (error: Error): void => {
        this.#remove(caller);
        caller.leave();
        reject(error);
      };
      const onAbort = (): void => give(new ProtocolError('E_CANCELLED'));
      const onLate = (): void => give(lateError(timeoutMs, this.trouble));
      const cancel = timeoutMs === 0 ? undefined : this.#timers.after(timeoutMs, onLate);
      const leave = (): void => {
        cancel?.();
        signal?.removeEventListener('abort', onAbort);
      };
      const caller: Caller = { number, resolve, reject, leave };
      this.#add(caller);
      if (signal?.aborted === true) onAbort();
      else signal?.addEventListener('abort', onAbort, { once: true });
    });
  }

  /** @returns whether anybody waited. */
  resolve(number: number, receipt: Receipt): boolean {
    const callers = this.#take(number);
    for (const caller of callers) caller.resolve(receipt);
    return callers.length > 0;
  }

  /** @returns whether anybody waited. */
  reject(number: number, error: Error): boolean {
    const callers = this.#take(number);
    for (const caller of callers) caller.reject(error);
    return callers.length > 0;
  }

  rejectAll(error: Error): void {
    for (const number of [...this.#callers.keys()]) this.reject(number, error);
  }

  /** Events have other numbers now. */
  move({ first, last, by }: Moved): void {
    const callers = [...this.#callers.values()].flat();
    this.#callers = new Map();
    for (const caller of callers) {
      if (caller.number > first && caller.number <= last) caller.number += by;
      this.#add(caller);
    }
  }

  #add(caller: Caller): void {
    const others = this.#callers.get(caller.number);
    if (others === undefined) this.#callers.set(caller.number, [caller]);
    else others.push(caller);
  }

  #remove(caller: Caller): void {
    const others = this.#callers.get(caller.number)?.filter((other) => other !== caller) ?? [];
    if (others.length > 0) this.#callers.set(caller.number, others);
    else this.#callers.delete(caller.number);
  }

  #take(number: number): readonly Caller[] {
    const callers = this.#callers.get(number) ?? [];
    this.#callers.delete(number);
    for (const { leave } of callers) leave();
    return callers;
  }
}

function lateError(timeoutMs: number, trouble: SealaneError | undefined): ProtocolError {
  const message = `No receipt within ${timeoutMs} ms; the event stays in the outbox and goes out later`;
  const error = new ProtocolError('E_TIMEOUT', message, { cause: trouble });
  return trouble === undefined ? error : explained(error, { why: trouble.message });
}
