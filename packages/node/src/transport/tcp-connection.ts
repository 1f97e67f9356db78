/**
 * TcpConnection, and how it is passed through:
 *
 * in:  socket → `session.receive` → `owner.onEvent`
 * out: `wake` → `session.flush` → `session.takeOutput` → socket
 */
import type { Socket } from 'node:net';
import type { Session, SessionEvent } from '@sealane/shared/session';
import { DEFAULT_SESSION_LIMITS } from '@sealane/shared/wire';
import type { Backlog } from './backlog.ts';
import { monotonicNow } from './environment.ts';
import { freeBytes } from './free-bytes.ts';
import type { ReadTurns } from './read-turns.ts';
import { ReaderWatch, type ReaderLimits } from './reader-watch.ts';
import { YoungGarbage } from './young-garbage.ts';

/** Who a connection belongs to. */
export interface ConnectionOwner {
  /** One event of the session, in order. `closed` is the last. */
  onEvent(event: SessionEvent): void;
  /** The connection can take more. */
  onDrain(): void;
  /** Whether reading should pause because the owner has enough to do. */
  wantsPause(): boolean;
  /** The program itself failed while it handled bytes of this peer; the connection is being cut. */
  onFault(error: unknown): void;
}

/** Limits of the adapter itself. */
export interface ConnectionLimits extends ReaderLimits {
  /** At this many unsent bytes the connection is not read and writers pause; it may change at any time. */
  readonly highWaterBytes: number;
  /** Where the unsent bytes of several connections are added up. */
  readonly backlog?: Backlog;
  /** Who takes turns with whom. */
  readonly readTurns?: ReadTurns;
  /** After the end of the session the socket is cut at the latest after this time. */
  readonly lingerMs: number;
}

/** Defaults of the adapter. */
export const DEFAULT_CONNECTION_LIMITS: ConnectionLimits = {
  highWaterBytes: DEFAULT_SESSION_LIMITS.outboundHighWaterBytes,
  slowReaderWindowMs: 30_000,
  slowReaderBytesPerSecond: 4_096,
  lingerMs: DEFAULT_SESSION_LIMITS.closeTimeoutMs,
};

/** Longest delay of one timer: below 2^31 ms, and short enough to notice a clock that was stopped. */
const TIMER_MS_MAX = 60_000;

/** What V8 has to collect is the process's, not a connection's. */
const garbage = new YoungGarbage();

/**
 * One TCP socket and one session, and nothing but bytes and time between them.
 *
 * What is sent in one turn of the event loop goes out together; while the socket is busy, packets wait and share the
 * next record. A congested connection is not read, so a peer that asks and never reads stops itself and nobody else.
 */
export class TcpConnection {
  readonly socket: Socket;
  readonly session: Session;
  readonly #owner: ConnectionOwner;
  readonly #limits: ConnectionLimits;
  /** A turn is being taken, or comes at the end of this phase of the event loop: it will send what waits. */
  #turnComes = false;
  #paused = false;
  #ended = false;
  #timer: NodeJS.Timeout | undefined;
  #timerAt = Number.POSITIVE_INFINITY;
  /** Pieces handed to the socket since it was last empty. */
  #inSocket: Uint8Array[] = [];
  /** Unsent bytes as the backlog has them. */
  #countedBytes = 0;
  /** It brought much, as many others did: it is read again when it is its turn. */
  #waitsForTurn = false;
  #hasTurn = false;
  /** Bytes of a frame that is not whole. */
  #pendingBytes = 0;
  /** Set while bytes wait in the socket. */
  #readerWatch: ReaderWatch | undefined;

  /**
   * @param socket connected; from now on driven by this object alone. Bytes come through `receive` where the socket
   *   was made with `onread`, else through its `data` events.
   */
  constructor(
    socket: Socket,
    session: Session,
    options: { readonly owner: ConnectionOwner; readonly limits?: ConnectionLimits; readonly readsItself?: boolean },
  ) {
    this.socket = socket;
    this.session = session;
    this.#owner = options.owner;
    this.#limits = options.limits ?? DEFAULT_CONNECTION_LIMITS;
    socket.setNoDelay(true);
    if (options.readsItself !== true) {
      socket.on('data', (chunk: Buffer) => {
        this.receive(chunk);
        freeBytes(chunk);
      });
    }
    socket.on('error', () => this.#onSocketEnd());
    socket.on('end', () => this.#onSocketEnd());
    socket.on('close', () => this.#onSocketEnd());
    this.turn();
  }

  /** Bytes handed to the socket that it has not sent. */
  get unsentBytes(): number {
    return this.socket.writableLength;
  }

  /** Takes bytes from the socket (borrowed for this call). */
  receive(chunk: Uint8Array): void {
    if (this.#ended) return;
    this.#turnComes = true;
    try {
      this.session.receive(chunk, monotonicNow());
    } catch (error) {
      this.#fault(error);
    }
    garbage.add(chunk.length);
    this.#takeTurn(chunk.length);
    this.turn();
  }

  /** It is its turn to be read again. */
  readOn(): void {
    this.#waitsForTurn = false;
    this.#hasTurn = true;
    this.#pauseOrResume();
  }

  /** Other connections need the memory of what this one does not read. */
  cutForMemory(): void {
    this.#cutSlowReader(monotonicNow());
  }

  /** Something waits to be sent: it goes out at the end of this turn, or when the socket can take it. */
  wake(): void {
    if (this.session.sealedBytes > 0) this.#writeSealed();
    if (this.#turnComes) return;
    this.#turnComes = true;
    process.nextTick(takeTurn, this);
  }

  /** Passes on what the session has to say, in both directions. */
  turn(): void {
    this.#turnComes = true;
    try {
      this.#drainEvents();
      this.#flush();
      this.#drainEvents();
    } catch (error) {
      this.#fault(error);
    }
    this.#turnComes = false;
    this.#pauseOrResume();
    this.#armTimer();
  }

  /** Ends the session in an orderly way. */
  close(): void {
    this.session.close(monotonicNow());
    this.turn();
  }

  /** Cuts the connection at once. */
  destroy(): void {
    this.socket.destroy();
    this.#onSocketEnd();
  }

  #drainEvents(): void {
    for (let event = this.session.nextEvent(); event !== undefined; event = this.session.nextEvent()) {
      this.#owner.onEvent(event);
      if (event.type === 'closed') this.#end();
    }
  }

  /** A fault of this program must cost one connection, not the process. */
  #fault(error: unknown): void {
    this.#owner.onFault(error);
    this.socket.destroy();
    this.session.transportEnded();
    try {
      this.#drainEvents();
    } catch (another) {
      this.#owner.onFault(another);
    }
  }

  #flush(): void {
    if (this.#ended || this.socket.writableLength > 0) return;
    this.session.flush(monotonicNow());
    this.#write();
  }

  /** Full records go out at once: their bytes are still in the processor's cache, and the peer begins sooner. */
  #writeSealed(): void {
    if (!this.#ended && this.socket.writableLength === 0) this.#write();
  }

  #write(): void {
    const pieces = this.session.takeOutput();
    const last = pieces[pieces.length - 1];
    if (last === undefined || this.socket.destroyed) return;
    if (pieces.length === 1) this.socket.write(last, this.#onWritten);
    else {
      this.socket.cork();
      for (const piece of pieces) this.socket.write(piece, piece === last ? this.#onWritten : undefined);
      this.socket.uncork();
    }
    this.#inSocket.push(...pieces);
    this.#watchReader();
  }

  readonly #onWritten = (): void => {
    if (this.socket.writableLength > 0) return;
    this.#freeSent();
    if (this.#ended) return;
    this.#readerWatch = undefined;
    if (this.session.waitingBytes > 0) this.turn();
    if (!this.#isCongested()) {
      this.#owner.onDrain();
      this.#pauseOrResume();
    }
  };

  /** What the socket has sent is in the system's hands. One that was destroyed may still look at its pieces. */
  #freeSent(): void {
    const pieces = this.#inSocket;
    this.#inSocket = [];
    if (this.socket.destroyed) return;
    for (const piece of pieces) if (!freeBytes(piece)) garbage.add(piece.length);
  }

  #isCongested(): boolean {
    const unsentBytes = this.session.waitingBytes + this.socket.writableLength;
    this.#count(unsentBytes);
    return unsentBytes >= this.#limits.highWaterBytes;
  }

  /** So many bytes were read; a turn goes on until a frame is whole. */
  #takeTurn(bytes: number): void {
    const { readTurns } = this.#limits;
    if (readTurns === undefined) return;
    const { pendingBytes } = this.session;
    const isFrameWhole = pendingBytes < this.#pendingBytes + bytes;
    this.#pendingBytes = pendingBytes;
    if (isFrameWhole) this.#hasTurn = false;
    if (this.#hasTurn) readTurns.goOn(bytes);
    else this.#waitsForTurn = !readTurns.take(this, bytes);
  }

  #count(unsentBytes: number): void {
    const { backlog } = this.#limits;
    if (unsentBytes === this.#countedBytes || backlog === undefined) return;
    this.#countedBytes = unsentBytes;
    backlog.note(this, unsentBytes);
  }

  #pauseOrResume(): void {
    if (this.#ended) return;
    const pause = this.#isCongested() || this.#waitsForTurn || this.#owner.wantsPause();
    if (pause === this.#paused) return;
    this.#paused = pause;
    if (!pause) this.socket.resume();
    else {
      this.socket.pause();
      const { backlog, readTurns } = this.#limits;
      if (backlog?.isShort === true || readTurns?.isCrowded === true) this.session.releaseMemory();
    }
  }

  /** The session is over: what it still had to say goes out, then the socket ends. */
  #end(): void {
    if (this.#ended) return;
    this.#write();
    this.#ended = true;
    this.#disarmTimer();
    if (this.socket.destroyed) return;
    this.socket.resume();
    this.socket.end();
    this.#timer = setTimeout(() => this.socket.destroy(), this.#limits.lingerMs);
    this.#timer.unref();
  }

  #onSocketEnd(): void {
    if (this.socket.destroyed) {
      this.#disarmTimer();
      this.#count(0);
      this.#limits.readTurns?.leave(this);
    }
    if (this.#ended) return;
    this.session.transportEnded();
    this.turn();
  }

  #armTimer(): void {
    if (this.#ended) return;
    const at = Math.min(this.session.wantsTimeoutAt, this.#readerWatch?.checkAt ?? Number.POSITIVE_INFINITY);
    if (at >= this.#timerAt) return;
    this.#disarmTimer();
    this.#timerAt = at;
    const delayMs = Math.min(Math.max(at - monotonicNow(), 0), TIMER_MS_MAX);
    this.#timer = setTimeout(this.#onTimer, Math.ceil(delayMs));
  }

  #disarmTimer(): void {
    if (this.#timer !== undefined) clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#timerAt = Number.POSITIVE_INFINITY;
  }

  readonly #onTimer = (): void => {
    this.#timer = undefined;
    this.#timerAt = Number.POSITIVE_INFINITY;
    const now = monotonicNow();
    this.#checkReader(now);
    try {
      this.session.timeout(now);
    } catch (error) {
      this.#fault(error);
    }
    this.turn();
  };

  #watchReader(): void {
    if (this.#readerWatch !== undefined || this.socket.writableLength === 0) return;
    this.#readerWatch = new ReaderWatch(this.socket, this.#limits, monotonicNow());
  }

  #checkReader(now: number): void {
    if (this.#readerWatch?.isTooSlow(now) === true) this.#cutSlowReader(now);
  }

  #cutSlowReader(now: number): void {
    this.session.fail('E_SLOW_READER', now);
    this.#drainEvents();
    this.socket.destroy();
  }
}

function takeTurn(connection: TcpConnection): void {
  connection.turn();
}
