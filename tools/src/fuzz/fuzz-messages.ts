/** What the thread that decodes and the one that watches it say to each other. */

/** What to do with one decoder. */
export type FuzzTask = {
  readonly decoder: string;
} & (
  | { readonly kind: 'replay'; readonly inputs: readonly Uint8Array[] }
  /** Mutates until the time is over, or that many inputs were tried. */
  | {
      readonly kind: 'mutate';
      readonly inputs: readonly Uint8Array[];
      readonly seed: number;
      readonly timeMs: number;
      readonly triesMax: number;
    }
);

/** An input that broke the decoder. */
export interface Crash {
  readonly input: Uint8Array;
  readonly kind: 'throws' | 'slow' | 'memory' | 'hangs' | 'ends';
  readonly message: string;
}

/** What became of a task. */
export interface FuzzResult {
  readonly tried: number;
  readonly slowestMs: number;
  /** How often each outcome was seen. */
  readonly outcomes: Readonly<Record<string, number>>;
  readonly crashes: readonly Crash[];
  /** Inputs that did something that none before did. */
  readonly found: readonly Uint8Array[];
  /** Parts of the sources that ran. */
  readonly covered: number;
}

/** Longest input that the watching thread can tell of. */
export const SHARED_INPUT_BYTES = 262_144;

/** In memory that both threads see: how many inputs were begun, the one that is decoded, and whether to go on. */
export interface SharedInput {
  /** Count of inputs begun; length of the last; 1 where no further one is to be begun. */
  readonly head: Int32Array<SharedArrayBuffer>;
  readonly bytes: Uint8Array<SharedArrayBuffer>;
}
