/**
 * ChannelStream: one stream as a program uses it: write with back-pressure, read by iteration, end or reset.
 *
 * Reading gives credit: bytes that nobody reads stay within the stream's window and stop nobody else.
 */
import { ProtocolError, type ErrorCode } from '../errors/index.ts';
import type { Session } from '../session/index.ts';
import { ReceiveQueue } from './receive-queue.ts';

/** What a stream needs of its channel. */
export interface StreamHost {
  readonly session: Session;
  /** Something waits to be sent. */
  wake(): void;
  /** Whether so much waits already that writers should pause. */
  isCongested(): boolean;
  /** Resolves when the stream may go on writing. */
  untilWritable(stream: ChannelStream): Promise<void>;
  /** Lets a writer that waits look at its stream again. */
  wakeWriter(stream: ChannelStream): void;
  forget(streamId: number): void;
}

/** Most bytes handed to the session at once, so that many writers take turns. */
const WRITE_SLICE_BYTES = 65_536;

/** A stream in both directions, in bytes. */
export class ChannelStream implements AsyncIterable<Uint8Array> {
  readonly streamId: number;
  readonly name: string;
  /** What the opener said about the stream. */
  readonly metadata: Uint8Array;
  readonly #host: StreamHost;
  readonly #received = new ReceiveQueue();
  #failure: ProtocolError | undefined;
  /** One side gave the stream up: what was received is gone. */
  #isReset = false;
  #localEnded = false;
  #remoteEnded = false;
  #wakeReader: (() => void) | undefined;

  constructor(
    host: StreamHost,
    opened: { readonly streamId: number; readonly name: string; readonly metadata: Uint8Array },
  ) {
    this.#host = host;
    this.streamId = opened.streamId;
    this.name = opened.name;
    this.metadata = opened.metadata;
  }

  /**
   * Sends all of `bytes` (borrowed until the promise settles). Call it again only after it has resolved.
   *
   * @throws ProtocolError when the stream or the connection ended.
   */
  async write(bytes: Uint8Array): Promise<void> {
    let offset = 0;
    while (offset < bytes.length) {
      if (this.#failure !== undefined) throw this.#failure;
      if (this.#localEnded) throw new ProtocolError('E_CLOSED', 'the stream was ended before');
      if (this.#host.isCongested()) {
        await this.#host.untilWritable(this);
        continue;
      }
      const slice = bytes.subarray(offset, offset + WRITE_SLICE_BYTES);
      const sent = this.#host.session.sendStreamData(this.streamId, slice);
      offset += sent;
      if (sent > 0) this.#host.wake();
      if (sent < slice.length && offset < bytes.length) await this.#host.untilWritable(this);
    }
    if (this.#failure !== undefined) throw this.#failure;
  }

  /** Nothing more will be written; what was written still arrives. */
  end(): void {
    if (this.#localEnded || this.#failure !== undefined) return;
    this.#localEnded = true;
    this.#host.session.endStream(this.streamId);
    this.#host.wake();
    this.#host.wakeWriter(this);
    this.#forgetWhenDone();
  }

  /** Gives the stream up in both directions. */
  reset(code: ErrorCode): void {
    if (this.#failure !== undefined) return;
    const unreadBytes = this.#received.clear();
    if (this.#localEnded && this.#remoteEnded && unreadBytes === 0) return;
    this.#isReset = true;
    this.#host.session.resetStream(this.streamId, code, unreadBytes);
    this.#host.wake();
    this.#fail(new ProtocolError(code));
  }

  /**
   * The next bytes, or undefined at the end of the stream. A piece is the caller's for as long as it likes.
   *
   * @throws ProtocolError when the stream was reset, or the connection ended before the stream did. TypeError while
   *   another read waits.
   */
  async read(): Promise<Uint8Array | undefined> {
    for (;;) {
      const piece = this.#received.take();
      if (piece !== undefined) {
        this.#host.session.consumeStream(this.streamId, piece.length);
        this.#host.wake();
        return piece;
      }
      if (this.#remoteEnded && !this.#isReset) return undefined;
      if (this.#failure !== undefined) throw this.#failure;
      if (this.#wakeReader !== undefined) throw new TypeError('one read at a time on a stream');
      await new Promise<void>((resolve) => {
        this.#wakeReader = resolve;
      });
    }
  }

  /** The pieces until the end; leaving the loop early resets the stream. */
  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array, void, undefined> {
    let done = false;
    try {
      for (let piece = await this.read(); piece !== undefined; piece = await this.read()) yield piece;
      done = true;
    } finally {
      if (!done) this.reset('E_CANCELLED');
    }
  }

  // What the channel passes on.

  /** Bytes came. */
  onData(bytes: Uint8Array): void {
    this.#received.add(bytes);
    this.#wake();
  }

  /** The peer sends nothing more. */
  onEnded(): void {
    this.#remoteEnded = true;
    this.#wake();
    this.#forgetWhenDone();
  }

  /** The peer gave the stream up. */
  onReset(error: ProtocolError): void {
    if (this.#failure !== undefined) return;
    this.#isReset = true;
    this.#host.session.consumeStream(this.streamId, this.#received.clear());
    this.#host.wake();
    this.#fail(error);
  }

  /** The connection is gone: what was received can still be read. */
  onClosed(error: ProtocolError): void {
    if (this.#failure === undefined) this.#fail(error);
  }

  #fail(error: ProtocolError): void {
    this.#failure = error;
    this.#host.forget(this.streamId);
    this.#wake();
  }

  #wake(): void {
    const wake = this.#wakeReader;
    this.#wakeReader = undefined;
    wake?.();
  }

  #forgetWhenDone(): void {
    if (this.#localEnded && this.#remoteEnded) this.#host.forget(this.streamId);
  }
}
