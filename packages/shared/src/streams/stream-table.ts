/** StreamTable: the rules of docs/protocols/streams.md about ids, limits and credit. It moves no bytes. */
import { ProtocolError, assert } from '../errors/index.ts';
import type { PeerLimits } from '../wire/index.ts';
import { CreditWindow } from './credit-window.ts';

/** Which side of the connection this is: agents open odd ids, the server even ones (§1). */
export type StreamRole = 'agent' | 'server';

/** What to answer to a stream open packet. */
export type OpenVerdict = 'opened' | 'too-many' | 'duplicate';

/** One open stream. */
interface StreamState {
  /** Bytes that this side may still send. */
  sendCredit: number;
  readonly receive: CreditWindow;
  localEnded: boolean;
  remoteEnded: boolean;
}

/**
 * Which streams of a connection are open, and who may send how much on them.
 *
 * Credit is counted per stream and per connection, so that one slow stream holds no more than its window and stops
 * nobody. The table only says what is allowed. What is wrong on one stream resets that stream; a peer that sends more
 * than its credit loses the connection.
 */
export class StreamTable {
  readonly #ours: PeerLimits;
  readonly #theirs: PeerLimits;
  readonly #localParity: number;
  readonly #streams = new Map<number, StreamState>();
  readonly #receive: CreditWindow;
  #sendCredit: number;
  #nextLocalId: number;
  #highestRemoteId: number;
  #localOpen = 0;
  #remoteOpen = 0;

  /** @param limits what this side announced (`ours`) and what the peer announced (`theirs`). */
  constructor(role: StreamRole, limits: { readonly ours: PeerLimits; readonly theirs: PeerLimits }) {
    this.#ours = limits.ours;
    this.#theirs = limits.theirs;
    this.#localParity = role === 'agent' ? 1 : 0;
    this.#nextLocalId = role === 'agent' ? 1 : 2;
    this.#highestRemoteId = role === 'agent' ? 0 : -1;
    this.#receive = new CreditWindow(limits.ours.connectionWindowBytes);
    this.#sendCredit = limits.theirs.connectionWindowBytes;
  }

  /** Streams that are open in at least one direction. */
  get openCount(): number {
    return this.#streams.size;
  }

  /** Bytes received on all streams and not consumed. */
  get unconsumedBytes(): number {
    return this.#receive.heldBytes;
  }

  /** Opens a stream of this side: its id, or undefined when the peer's limit is reached (§1). */
  open(): number | undefined {
    if (this.#localOpen >= this.#theirs.streamsMax) return undefined;
    const id = this.#nextLocalId;
    this.#nextLocalId += 2;
    this.#localOpen += 1;
    this.#add(id);
    return id;
  }

  /**
   * The peer opens a stream.
   *
   * @throws ProtocolError `E_STATE` for an id that is not the peer's to use (§1).
   */
  onOpen(id: number): OpenVerdict {
    if (id === 0 || this.#isLocal(id)) throw new ProtocolError('E_STATE', 'a stream id of the wrong side');
    if (id <= this.#highestRemoteId) return 'duplicate';
    this.#highestRemoteId = id;
    if (this.#remoteOpen >= this.#ours.streamsMax) return 'too-many';
    this.#remoteOpen += 1;
    this.#add(id);
    return 'opened';
  }

  /** Bytes that may be sent on a stream now: 0 without credit, and for a stream that is closed or gone. */
  sendableBytes(id: number): number {
    const stream = this.#streams.get(id);
    return stream === undefined || stream.localEnded ? 0 : Math.min(stream.sendCredit, this.#sendCredit);
  }

  /** Notes that `size` bytes are sent. They must be within `sendableBytes`. */
  onSend(id: number, size: number): void {
    const stream = this.#streams.get(id);
    assert(stream !== undefined && size <= this.sendableBytes(id), 'sent without credit');
    stream.sendCredit -= size;
    this.#sendCredit -= size;
  }

  /**
   * The peer sent `size` bytes (§3).
   *
   * @returns whether the stream takes them; bytes for a stream that is gone are dropped by the caller, who then calls
   *   `consumeConnection`.
   * @throws ProtocolError `E_FLOW_CONTROL` past the credit, `E_STATE` for a stream never opened or already ended.
   */
  onData(id: number, size: number): boolean {
    if (!this.#receive.take(size)) throw new ProtocolError('E_FLOW_CONTROL');
    const stream = this.#known(id);
    if (stream === undefined) return false;
    if (stream.remoteEnded) throw new ProtocolError('E_STATE', 'stream data after the end of the stream');
    if (!stream.receive.take(size)) throw new ProtocolError('E_FLOW_CONTROL');
    return true;
  }

  /** The application took `size` bytes. @returns credit to send for the stream, 0 for none yet (§3). */
  consume(id: number, size: number): number {
    const stream = this.#streams.get(id);
    if (stream === undefined) return 0;
    const credit = stream.receive.release(size);
    return stream.remoteEnded ? 0 : credit;
  }

  /** The counterpart of `consume` for the whole connection: credit to send with stream id 0, 0 for none yet. */
  consumeConnection(size: number): number {
    return this.#receive.release(size);
  }

  /**
   * The peer gives credit (§3); id 0 stands for the connection.
   *
   * @returns whether the stream (or, for id 0, anything) may profit from it.
   * @throws ProtocolError `E_FLOW_CONTROL` when credit grows past what a peer can have, `E_STATE` for an unopened id.
   */
  onCredit(id: number, bytes: number): boolean {
    if (id === 0) {
      this.#sendCredit = grown(this.#sendCredit, bytes);
      return true;
    }
    const stream = this.#known(id);
    if (stream === undefined) return false;
    stream.sendCredit = grown(stream.sendCredit, bytes);
    return !stream.localEnded;
  }

  /** Whether the stream is open in at least one direction. */
  isOpen(id: number): boolean {
    return this.#streams.has(id);
  }

  /** Whether this side may still send on the stream. */
  isOpenForSending(id: number): boolean {
    const stream = this.#streams.get(id);
    return stream !== undefined && !stream.localEnded;
  }

  /** This side sends nothing more. */
  end(id: number): void {
    const stream = this.#streams.get(id);
    if (stream === undefined) return;
    stream.localEnded = true;
    if (stream.remoteEnded) this.#remove(id);
  }

  /**
   * The peer sends nothing more.
   *
   * @returns whether the stream was open in that direction.
   * @throws ProtocolError `E_STATE` for a stream never opened or ended twice.
   */
  onEnd(id: number): boolean {
    const stream = this.#known(id);
    if (stream === undefined) return false;
    if (stream.remoteEnded) throw new ProtocolError('E_STATE', 'a stream ended twice');
    stream.remoteEnded = true;
    if (stream.localEnded) this.#remove(id);
    return true;
  }

  /** Either side gives the stream up. @returns whether it was open. @throws ProtocolError `E_STATE` for an unopened id. */
  reset(id: number): boolean {
    if (this.#known(id) === undefined) return false;
    this.#remove(id);
    return true;
  }

  /** The stream, or undefined when it is gone. @throws ProtocolError `E_STATE` for an id that was never opened. */
  #known(id: number): StreamState | undefined {
    const stream = this.#streams.get(id);
    if (stream !== undefined) return stream;
    const wasOpened = id !== 0 && (this.#isLocal(id) ? id < this.#nextLocalId : id <= this.#highestRemoteId);
    if (!wasOpened) throw new ProtocolError('E_STATE', 'a stream that was never opened');
    return undefined;
  }

  #add(id: number): void {
    this.#streams.set(id, {
      sendCredit: this.#theirs.streamWindowBytes,
      receive: new CreditWindow(this.#ours.streamWindowBytes),
      localEnded: false,
      remoteEnded: false,
    });
  }

  #remove(id: number): void {
    if (!this.#streams.delete(id)) return;
    if (this.#isLocal(id)) this.#localOpen -= 1;
    else this.#remoteOpen -= 1;
  }

  #isLocal(id: number): boolean {
    return id % 2 === this.#localParity;
  }
}

/** Credit a peer may hold at most: more is a broken peer, not a generous one. */
const CREDIT_BYTES_MAX = 2 ** 40;

function grown(credit: number, bytes: number): number {
  if (bytes === 0 || credit + bytes > CREDIT_BYTES_MAX) throw new ProtocolError('E_FLOW_CONTROL');
  return credit + bytes;
}
