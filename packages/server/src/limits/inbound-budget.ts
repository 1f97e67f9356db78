/**
 * InboundBudget: what all connections may have at one moment. What one may have is bounded elsewhere.
 *
 * A part of a connection may have as many bytes as are free for all (dynamic thresholds: Choudhury and Hahne 1998), so it is the
 * heavy ones that are not read for a while, and where that is not enough, what they bring is refused. A little is taken of
 * everybody however little is free: whoever brings small things notices nothing.
 *
 * A connection that brings no more than a part of a frame can be told nothing. Such parts may take four times the budget on
 * their own, since every busy connection has one, and one that is made to wait keeps it; past that, those go first that have been
 * incomplete for longest. Small ones do not count, those of handshakes among them.
 */

/** As much is taken for one part of a connection however little is free. */
const SHARE_BYTES_MIN = 16_384;
/** Frames that are not whole may take so many times the budget. */
const FRAMES_FACTOR = 4;

/** Who holds bytes. */
export interface InboundHolder {
  /** There is room again: it may be read on. */
  onInboundRoom(): void;
  /** Others need the memory of a frame that it does not finish. */
  onInboundCut?(): void;
}

/** What is counted since the start, and held now. */
export interface InboundCounts {
  /** Bytes held now, those of frames that are not whole included. */
  readonly bytes: number;
  /** Times that somebody was not read any further. */
  readonly pauses: number;
  /** Events, requests and calls that were refused. */
  readonly refusals: number;
  /** Connections that were cut over a frame that they did not finish. */
  readonly cuts: number;
}

/**
 * The bytes of all connections together that came in and are not done with: events that the store has not answered,
 * requests and notifications that handlers work on, bytes of streams that nobody read, calls that are open, and frames
 * that are not whole.
 */
export class InboundBudget {
  readonly bytesMax: number;
  #bytes = 0;
  #frameBytes = 0;
  #pauses = 0;
  #refusals = 0;
  #cuts = 0;
  /** Those that are not read, whoever has waited longest first. */
  readonly #paused = new Set<InboundShare>();
  /** Bytes of frames that are not whole, the one first that began first. */
  readonly #frames = new Map<InboundShare, number>();

  constructor(bytesMax: number) {
    this.bytesMax = bytesMax;
  }

  get counts(): InboundCounts {
    const bytes = this.#bytes + this.#frameBytes;
    return { bytes, pauses: this.#pauses, refusals: this.#refusals, cuts: this.#cuts };
  }

  /** How much one share may hold now before it is heavy. */
  get shareBytesMax(): number {
    return Math.max(this.bytesMax - this.#bytes, SHARE_BYTES_MIN);
  }

  hasRoomFor(bytes: number): boolean {
    return this.#bytes + bytes <= this.bytesMax;
  }

  // For its shares.

  /** So many bytes more, or fewer, are held. */
  change(bytes: number): void {
    this.#bytes += bytes;
    if (bytes >= 0) return;
    for (const share of this.#paused) {
      if (share.isHeavy) break;
      this.#paused.delete(share);
      share.holder.onInboundRoom();
    }
  }

  pause(share: InboundShare): void {
    if (this.#paused.has(share)) return;
    this.#paused.add(share);
    this.#pauses += 1;
  }

  resume(share: InboundShare): void {
    this.#paused.delete(share);
  }

  countRefusal(): void {
    this.#refusals += 1;
  }

  /** A share has so many bytes of a frame that is not whole; 0 where there is none. May cut others, or itself. */
  noteFrame(share: InboundShare, frameBytes: number): void {
    const bytes = frameBytes > SHARE_BYTES_MIN ? frameBytes : 0;
    const before = this.#frames.get(share) ?? 0;
    if (bytes === before) return;
    // Fewer bytes are those of another frame, which is the youngest.
    if (bytes < before) this.#frames.delete(share);
    if (bytes > 0) this.#frames.set(share, bytes);
    this.#frameBytes += bytes - before;
    while (this.#frameBytes > this.bytesMax * FRAMES_FACTOR) this.#cutOldest();
  }

  #cutOldest(): void {
    const [oldest] = this.#frames;
    if (oldest === undefined) return;
    const [share, bytes] = oldest;
    this.#frames.delete(share);
    this.#frameBytes -= bytes;
    this.#cuts += 1;
    share.holder.onInboundCut?.();
  }
}

/** What one part of a connection holds: its events, or what its handlers work on. */
export class InboundShare {
  readonly holder: InboundHolder;
  readonly #budget: InboundBudget;
  #bytes = 0;

  constructor(budget: InboundBudget, holder: InboundHolder) {
    this.#budget = budget;
    this.holder = holder;
  }

  /** Whether it holds so much that it should not be read for now. */
  get isHeavy(): boolean {
    return this.#bytes >= this.#budget.shareBytesMax;
  }

  add(bytes: number): void {
    this.#bytes += bytes;
    this.#budget.change(bytes);
  }

  free(bytes: number): void {
    this.#bytes -= bytes;
    this.#budget.change(-bytes);
  }

  /** Whether so many bytes more are not to be taken: the budget is used up, and they are more than everybody has. Counts it. */
  refuses(bytes: number): boolean {
    const isRefused = !this.#budget.hasRoomFor(bytes) && this.#bytes + bytes > SHARE_BYTES_MIN;
    if (isRefused) this.#budget.countRefusal();
    return isRefused;
  }

  /** It is not read from now on: its holder is told when there is room. */
  pause(): void {
    this.#budget.pause(this);
  }

  /** It is read again, or over. */
  resume(): void {
    this.#budget.resume(this);
  }

  /** Bytes of a frame that is not whole. */
  noteFrame(bytes: number): void {
    this.#budget.noteFrame(this, bytes);
  }
}
