/**
 * CallDesk: the calls of one connection (docs/protocols/messaging.md §1): a bounded number at once, each answered once, and read
 * no further while the answers are not taken.
 */
import { equalBytes } from '@sealane/shared/bytes';
import type { CallId, MessagingAnswer, MessagingCall, ServerMessagingPacket } from '@sealane/shared/items';
import { CallError } from '../call-error.ts';
import type { Caller, Standing } from '../caller.ts';
import type { MessagingAttachment, MessagingSink } from '../messaging-host.ts';
import { callBytes } from './call-bytes.ts';
import { callFailed } from './call-failed.ts';
import { judgeCall } from './judge-call.ts';

/** What answers the calls of all connections. */
export interface CallDeskHost {
  readonly now: () => number;
  standingOf(caller: Caller): Promise<Standing | undefined>;
  answer(by: { caller: Caller; standing: Standing | undefined }, packet: MessagingCall): Promise<MessagingAnswer>;
  /** A device of an account is connected. @returns what ends that. */
  enter(standing: Standing): () => void;
  onDetached(desk: CallDesk): void;
  /** Whether a message of this account is held because it came too soon. */
  isHeld(accountId: Uint8Array): boolean;
  /** A fault of this program. */
  onFault(error: unknown): void;
}

/** Calls of one connection that may be open at once. */
const OPEN_MAX = 64;
const MESSAGE_SEND = 0x4e;
const RETRY_MS = 100;
/** After so long it is asked again who is logged in: sessions end by themselves. */
const STANDING_MS = 60_000;

export class CallDesk implements MessagingAttachment {
  readonly caller: Caller;
  readonly #host: CallDeskHost;
  readonly #sink: MessagingSink;
  readonly #open = new Set<number>();
  #standing: Promise<Standing | undefined> | undefined;
  #standingAt = 0;
  /** Set while the device counts as connected, for the account that it counts for. */
  #presence: { readonly accountId: Uint8Array; readonly leave: () => void } | undefined;
  #isOver = false;
  /** Messages whose answers are not there yet. */
  readonly #sending = new Set<number>();
  #accountId: Uint8Array | undefined;

  constructor(host: CallDeskHost, sink: MessagingSink) {
    this.#host = host;
    this.#sink = sink;
    const { peer, addressKey, isLoopback } = sink;
    this.caller = { agentId: peer.agentId, agentKey: peer.agentKey, addressKey, isLoopback };
  }

  get isIdle(): boolean {
    return this.#open.size === 0;
  }

  get wantsPause(): boolean {
    return this.#isHeld || this.#isFull;
  }

  get #isFull(): boolean {
    const { session, highWaterBytes } = this.#sink;
    return session.waitingBytes + this.#sink.unsentBytes() >= highWaterBytes;
  }

  /** A message of this connection waits for its time: its answer wakes the connection. */
  get #isHeld(): boolean {
    return this.#sending.size > 0 && this.#accountId !== undefined && this.#host.isHeld(this.#accountId);
  }

  /** Who is logged in is otherwise now. */
  forgetStanding(): void {
    this.#standing = undefined;
    // It may stay, and has no call to make: then it is there all the time.
    if (this.#presence !== undefined) this.#standingNow().catch(() => this.#show(undefined));
  }

  onPacket(packet: MessagingCall): void {
    const { call } = packet;
    if (this.#open.has(call)) {
      this.#sink.session.fail('E_STATE', this.#host.now());
      this.#sink.wake();
      return;
    }
    const bytes = callBytes(packet);
    const { inbound } = this.#sink;
    if (this.#open.size >= OPEN_MAX || inbound?.refuses(bytes) === true) {
      this.#send(callFailed(call, new CallError('E_CALL_LIMIT', { retryAfterMs: RETRY_MS })));
      return;
    }
    this.#open.add(call);
    if (packet.id === MESSAGE_SEND) this.#sending.add(call);
    inbound?.add(bytes);
    this.#answer(packet)
      .then((answer) => {
        this.#open.delete(call);
        this.#sending.delete(call);
        if (answer !== undefined) this.#send(answer);
      })
      .catch((error: unknown) => {
        // An answer that no packet can hold: a fault of ours, and the caller is told that much.
        this.#host.onFault(error);
        this.#send(callFailed(call, new CallError('E_HANDLER_FAILED')));
      })
      .finally(() => {
        this.#sending.delete(call);
        inbound?.free(bytes);
      });
  }

  /** Passes on what is not stored, where there is room. */
  pass(packet: ServerMessagingPacket): void {
    if (!this.#isFull) this.#send(packet);
  }

  onDrain(): void {
    // What is answered was sent at once; whether more is read is asked of `wantsPause`.
  }

  detach(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#show(undefined);
    this.#host.onDetached(this);
  }

  /** @returns undefined after a fault of this program, which ends the session. */
  async #answer(packet: MessagingCall): Promise<MessagingAnswer | undefined> {
    try {
      const standing = await this.#standingNow();
      const code = judgeCall(packet.id satisfies CallId, standing);
      if (code !== undefined) return callFailed(packet.call, new CallError(code));
      return await this.#host.answer({ caller: this.caller, standing }, packet);
    } catch (error) {
      try {
        return callFailed(packet.call, error);
      } catch {
        this.#host.onFault(error);
        return callFailed(packet.call, new CallError('E_HANDLER_FAILED'));
      }
    }
  }

  async #standingNow(): Promise<Standing | undefined> {
    const now = this.#host.now();
    if (this.#standing === undefined || now - this.#standingAt >= STANDING_MS) {
      this.#standing = this.#host.standingOf(this.caller);
      this.#standingAt = now;
    }
    const asked = this.#standing;
    try {
      const standing = await asked;
      this.#accountId = standing?.accountId;
      if (this.#standing === asked && !this.#isOver) this.#show(standing);
      return standing;
    } catch (error) {
      if (this.#standing === asked) this.#standing = undefined;
      throw error;
    }
  }

  /** Counts as connected for the account of a device that is listed, and for no other. */
  #show(standing: Standing | undefined): void {
    const listed = standing?.isListed === true ? standing : undefined;
    const shown = this.#presence;
    if (shown !== undefined && listed !== undefined && equalBytes(shown.accountId, listed.accountId)) return;
    shown?.leave();
    this.#presence =
      listed === undefined ? undefined : { accountId: listed.accountId, leave: this.#host.enter(listed) };
  }

  #send(packet: ServerMessagingPacket): void {
    if (this.#isOver || this.#sink.session.state !== 'Open') return;
    this.#sink.session.sendMessaging(packet);
    this.#sink.wake();
  }
}
