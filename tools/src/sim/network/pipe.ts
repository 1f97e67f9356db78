/**
 * Pipe: one direction of a connection: bytes on their way, in order. They arrive late, in pieces or glued together; a pipe
 * that is cut loses what is on its way, and one that is blocked keeps it.
 */
import type { Dice } from '@sealane/shared/testing';
import type { Cancel, World } from '../world/world.ts';

/** How bytes travel. */
export interface Weather {
  /** Shortest and longest time on the way, ms. */
  readonly latencyMs: readonly [number, number];
  /** How often what arrives is only a piece of what could. */
  readonly splits: number;
  /** Most bytes of such a piece. */
  readonly pieceBytes: number;
  /** Bytes that may be on their way; more wait with their sender. */
  readonly bufferBytes: number;
}

/** Who takes what arrives. */
export interface PipeEnd {
  /** Whether it reads at present. */
  readonly reads: boolean;
  onBytes(bytes: Uint8Array): void;
  onEnd(): void;
}

export class Pipe {
  readonly #world: World;
  readonly #dice: Dice;
  readonly #weather: Weather;
  readonly #end: PipeEnd;
  readonly #onRoom: () => void;
  #pieces: Uint8Array[] = [];
  #bytes = 0;
  #isEnding = false;
  #isOver = false;
  #blockedUntil = 0;
  #cancel: Cancel | undefined;

  constructor(parts: {
    readonly world: World;
    readonly dice: Dice;
    readonly weather: Weather;
    readonly end: PipeEnd;
    readonly onRoom: () => void;
  }) {
    this.#world = parts.world;
    this.#dice = parts.dice;
    this.#weather = parts.weather;
    this.#end = parts.end;
    this.#onRoom = parts.onRoom;
  }

  /** Bytes that it takes now. */
  get room(): number {
    return Math.max(0, this.#weather.bufferBytes - this.#bytes);
  }

  /** Nothing arrives before this time; what is on its way arrives then. */
  block(until: number): void {
    this.#blockedUntil = Math.max(this.#blockedUntil, until);
  }

  /** What is on its way arrives as the weather has it. */
  unblock(): void {
    this.#blockedUntil = 0;
    this.#replan();
  }

  push(bytes: Uint8Array): void {
    if (this.#isOver) return;
    this.#pieces.push(bytes);
    this.#bytes += bytes.length;
    this.#plan();
  }

  /** Nothing more comes after what is on its way. */
  end(): void {
    this.#isEnding = true;
    this.#plan();
  }

  /** Nothing arrives any more. */
  cut(): void {
    this.#isOver = true;
    this.#cancel?.();
    this.#pieces = [];
    this.#bytes = 0;
  }

  /** The receiver reads again. */
  resume(): void {
    this.#plan();
  }

  #replan(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    this.#plan();
  }

  #plan(): void {
    if (this.#isOver || this.#cancel !== undefined) return;
    if (this.#pieces.length === 0 && !this.#isEnding) return;
    const [low, high] = this.#weather.latencyMs;
    const blockedMs = Math.max(0, this.#blockedUntil - this.#world.now);
    this.#cancel = this.#world.schedule(undefined, blockedMs + this.#dice.between(low, high), () => {
      this.#cancel = undefined;
      this.#arrive();
    });
  }

  #arrive(): void {
    if (this.#isOver) return;
    if (this.#blockedUntil > this.#world.now) this.#plan();
    else if (this.#pieces.length === 0) {
      this.#isOver = true;
      this.#end.onEnd();
    } else if (this.#end.reads) {
      this.#end.onBytes(this.#take());
      this.#onRoom();
      this.#plan();
    }
  }

  #take(): Uint8Array {
    const all = this.#pieces.length === 1 ? (this.#pieces[0] ?? new Uint8Array(0)) : Buffer.concat(this.#pieces);
    const isSplit = this.#dice.chance(this.#weather.splits);
    const size = isSplit ? Math.min(all.length, this.#dice.whole(1, this.#weather.pieceBytes)) : all.length;
    this.#pieces = size < all.length ? [all.subarray(size)] : [];
    this.#bytes = all.length - size;
    return all.subarray(0, size);
  }
}
