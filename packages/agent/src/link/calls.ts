/** Calls: calls of messaging over one link, each until its answer (docs/protocols/messaging.md §1). */
import { ProtocolError, errorByNumber, type ErrorCode } from '@sealane/shared/errors';
import {
  MESSAGING_CALLS,
  type AnswerOf,
  type CallFields,
  type CallId,
  type MessagingCall,
} from '@sealane/shared/items';
import type { CallFailed, Transient } from '@sealane/shared/packets';
import type { ServerMessagingPacket } from '@sealane/shared/items';
import type { AgentSession } from '@sealane/shared/session';

/** How a call is made. */
export interface CallOptions {
  /** From now until the answer, waiting for a connection included; 0 for no limit. Default 30,000. */
  readonly timeoutMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** A call that the server could not do. */
export class CallRefusedError extends ProtocolError {
  override readonly name = 'CallRefusedError';
  /** Present epoch of the group after `E_STALE_EPOCH`, bytes that are stored after `E_BLOB_OFFSET`; else 0. */
  readonly present: number;

  constructor(code: ErrorCode, { retryAfterMs, epoch }: Pick<CallFailed, 'retryAfterMs' | 'epoch'>) {
    super(code, undefined, { retryAfterMs });
    this.present = epoch;
  }
}

interface OpenCall {
  readonly id: CallId;
  readonly resolve: (answer: never) => void;
  readonly reject: (error: Error) => void;
}

/**
 * Calls without an answer on one link: far above what a server takes at once, so that one which never answers is not owed more and
 * more.
 */
const OPEN_MAX = 1_024;
/** Largest number of a call; then it begins anew. */
const CALL_MAX = 0xffff_ffff;

export class Calls {
  readonly #session: AgentSession;
  readonly #wake: () => void;
  readonly #onTransient: (packet: Transient) => void;
  readonly #open = new Map<number, OpenCall>();
  #last = 0;

  constructor(
    session: AgentSession,
    { wake, onTransient }: { readonly wake: () => void; readonly onTransient: (packet: Transient) => void },
  ) {
    this.#session = session;
    this.#wake = wake;
    this.#onTransient = onTransient;
  }

  /** Calls that wait for their answers. */
  get inFlight(): number {
    return this.#open.size;
  }

  /**
   * Makes a call. A caller that gives up leaves it open: what it changes may still be done.
   *
   * @throws CallRefusedError with the code of the server; ProtocolError `E_NO_MESSAGING`, `E_TIMEOUT`, `E_CANCELLED`,
   *   `E_BUSY` when too many wait, and the code of the end of the link; RangeError when a field is over its limit.
   */
  call<Id extends CallId>(
    id: Id,
    fields: CallFields<Id>,
    { timeoutMs = 0, signal }: CallOptions = {},
  ): Promise<AnswerOf<Id>> {
    if (signal?.aborted === true) return Promise.reject(new ProtocolError('E_CANCELLED'));
    if (this.#open.size >= OPEN_MAX) return Promise.reject(new ProtocolError('E_BUSY'));
    const call = this.#nextNumber();
    return new Promise((resolve, reject) => {
      // Fields of one call are spread over the union of all: the type of `fields` has been checked where it came in.
      this.#session.sendCall({ ...fields, id, call } as unknown as MessagingCall);
      const giveUp = (code: 'E_TIMEOUT' | 'E_CANCELLED'): void => {
        const open = this.#open.get(call);
        if (open !== undefined) this.#open.set(call, { ...open, resolve: ignore, reject: ignore });
        end();
        reject(new ProtocolError(code));
      };
      const timer = timeoutMs === 0 ? undefined : setTimeout(() => giveUp('E_TIMEOUT'), timeoutMs);
      const onAbort = (): void => giveUp('E_CANCELLED');
      const end = (): void => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', onAbort);
      };
      signal?.addEventListener('abort', onAbort, { once: true });
      const settle =
        <Value>(tell: (value: Value) => void) =>
        (value: Value): void => {
          end();
          tell(value);
        };
      this.#open.set(call, { id, resolve: settle(resolve), reject: settle(reject) });
      this.#wake();
    });
  }

  /** Takes what the server says. @returns false for what answers no call that is open: the link is to fail. */
  onPacket(packet: ServerMessagingPacket): boolean {
    if (packet.id === 0x5b) {
      this.#onTransient(packet);
      return true;
    }
    const open = this.#open.get(packet.call);
    if (open === undefined || (packet.id !== 0x5c && packet.id !== MESSAGING_CALLS[open.id])) return false;
    this.#open.delete(packet.call);
    if (packet.id === 0x5c) open.reject(new CallRefusedError(codeOf(packet), packet));
    else open.resolve(packet as never);
    return true;
  }

  /** The link is over: whether open calls were done is unknown. */
  end(error: Error): void {
    const open = [...this.#open.values()];
    this.#open.clear();
    for (const { reject } of open) reject(error);
  }

  #nextNumber(): number {
    do this.#last = this.#last >= CALL_MAX ? 1 : this.#last + 1;
    while (this.#open.has(this.#last));
    return this.#last;
  }
}

function ignore(): void {
  // Whoever asked has given up.
}

/** A number that this version does not know: passing with a time beside it, final otherwise. */
function codeOf({ code, retryAfterMs }: CallFailed): ErrorCode {
  return errorByNumber(code) ?? (retryAfterMs > 0 ? 'E_BUSY' : 'E_BAD_REQUEST');
}
