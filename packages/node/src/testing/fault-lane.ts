/**
 * FaultLane: one direction of a connection through the fault proxy. What comes in goes through the faults of frames, then
 * through those of bytes, waits as long as it shall, and is written piece by piece.
 */
import type { Socket } from 'node:net';
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import { Dice } from '@sealane/shared/testing';
import { ByteFaults, type LaneEnd } from './byte-faults.ts';
import type { LaneFaults } from './fault-spec.ts';
import { FrameFaults } from './frame-faults.ts';

/** Bytes that wait here; beyond them the source is not read, so that it notices how slow the way is. */
const WAITING_BYTES_MAX = 1_048_576;
/** A slow way is slow all the time: pieces that take so long each. */
const PIECE_MS = 50;
const MS_PER_SECOND = 1_000;

/** Bytes, or how it ends. */
interface Waiting {
  readonly dueAt: number;
  readonly what: Uint8Array | 'end' | 'reset';
}

export interface FaultLaneOptions {
  readonly source: Socket;
  readonly target: Socket;
  readonly faults: LaneFaults;
  readonly seed: number;
}

export class FaultLane {
  /** While it is set, everything that comes in is swallowed, the end as well. */
  swallows = false;
  readonly #source: Socket;
  readonly #target: Socket;
  /** The delays have dice of their own: how often they are cast depends on the machine. */
  readonly #delays: Dice;
  readonly #sizes: Dice;
  readonly #gone = new AbortController();
  readonly #waiting: Waiting[] = [];
  #faults: LaneFaults;
  readonly #frameFaults: FrameFaults;
  #byteFaults: ByteFaults;
  #bytesBefore = 0;
  #waitingBytes = 0;
  #sliceLeft = 0;
  #lastDueAt = 0;
  #isPumping = false;

  constructor({ source, target, faults, seed }: FaultLaneOptions) {
    this.#source = source;
    this.#target = target;
    this.#faults = faults;
    const dice = new Dice(seed);
    this.#frameFaults = new FrameFaults(faults);
    this.#byteFaults = new ByteFaults(faults, dice);
    this.#sizes = dice;
    this.#delays = new Dice(seed + 1);
    source.on('data', (chunk: Buffer) => this.#take(chunk));
    source.on('end', () => this.#takeEnd('end'));
    source.on('close', (hadError) => this.#takeEnd(hadError ? 'reset' : 'end'));
    target.on('close', () => this.#gone.abort());
  }

  get faults(): LaneFaults {
    return this.#faults;
  }

  /** Whole frames that came in. */
  get frames(): number {
    return this.#frameFaults.frames;
  }

  /** Bytes that were passed on, or wait for it. */
  get bytes(): number {
    return this.#bytesBefore + this.#byteFaults.bytes;
  }

  /** From now on it does what `faults` say; bytes count from here, frames from the next one. */
  renew(faults: LaneFaults): void {
    this.#faults = faults;
    this.#frameFaults.renew(faults);
    this.#bytesBefore += this.#byteFaults.bytes;
    this.#byteFaults = new ByteFaults(faults, this.#sizes);
    this.#sliceLeft = 0;
  }

  #take(chunk: Uint8Array): void {
    if (this.swallows || this.#byteFaults.end !== undefined) return;
    for (const frames of this.#frameFaults.push(chunk))
      for (const piece of this.#byteFaults.push(frames)) this.#queue(piece);
    // What the call above may have changed.
    const end = this.#byteFaults.end as LaneEnd | undefined;
    if (end === 'reset' || end === 'end') this.#queue(end);
    if (this.#waitingBytes > WAITING_BYTES_MAX) this.#source.pause();
  }

  #takeEnd(how: 'end' | 'reset'): void {
    if (!this.swallows && this.#byteFaults.end === undefined) this.#queue(how);
  }

  #queue(what: Waiting['what']): void {
    if (this.#gone.signal.aborted) return;
    const { latencyMs = 0, jitterMs = 0 } = this.#faults;
    const delayMs = latencyMs + (jitterMs === 0 ? 0 : this.#delays.fraction() * jitterMs);
    this.#lastDueAt = Math.max(this.#lastDueAt, performance.now() + delayMs);
    this.#waiting.push({ dueAt: this.#lastDueAt, what });
    if (typeof what !== 'string') this.#waitingBytes += what.length;
    if (!this.#isPumping) void this.#pump();
  }

  async #pump(): Promise<void> {
    this.#isPumping = true;
    for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) {
      await this.#pause(next.dueAt - performance.now());
      if (this.#gone.signal.aborted) break;
      if (typeof next.what === 'string') this.#end(next.what);
      else await this.#write(next.what);
    }
    this.#isPumping = false;
  }

  #end(how: 'end' | 'reset'): void {
    if (how === 'end') {
      this.#target.end();
      return;
    }
    this.#target.resetAndDestroy();
    this.#source.resetAndDestroy();
  }

  /** One piece after the other, slices in turns of their own, so that they travel alone where the network lets them. */
  async #write(bytes: Uint8Array): Promise<void> {
    for (let offset = 0; offset < bytes.length && !this.#gone.signal.aborted;) {
      const piece = bytes.subarray(offset, offset + this.#pieceBytes());
      offset += piece.length;
      this.#sliceLeft -= piece.length;
      await new Promise<void>((resolve) => this.#target.write(piece, () => resolve()));
      this.#waitingBytes -= piece.length;
      const { bytesPerSecond, sliceBytes } = this.#faults;
      if (sliceBytes !== undefined) await nextTurn();
      if (bytesPerSecond !== undefined) await this.#pause((MS_PER_SECOND * piece.length) / bytesPerSecond);
      if (this.#waitingBytes <= WAITING_BYTES_MAX / 2 && this.#source.isPaused()) this.#source.resume();
    }
  }

  #pieceBytes(): number {
    const { sliceBytes, bytesPerSecond = Infinity } = this.#faults;
    if (this.#sliceLeft <= 0) this.#sliceLeft = sliceBytes === undefined ? Infinity : this.#sizes.whole(1, sliceBytes);
    return Math.min(this.#sliceLeft, Math.max(1, Math.floor((bytesPerSecond * PIECE_MS) / MS_PER_SECOND)));
  }

  async #pause(ms: number): Promise<void> {
    if (ms > 0) await sleep(ms, undefined, { signal: this.#gone.signal }).catch(() => undefined);
  }
}
