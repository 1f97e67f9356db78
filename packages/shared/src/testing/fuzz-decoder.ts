/**
 * FuzzDecoder: what is fuzzed, and the rule by which an input is judged (docs/reliability.md, rules 1 to 3). Every
 * package lists its own in `test/fuzz/decoders.ts`; `tools:fuzz` finds them there.
 */
import { SealaneError, type ErrorCode } from '../errors/index.ts';

/** A decoder under test: it says what became of an input, in little time and little memory, whatever the bytes are. */
export interface FuzzDecoder {
  /** Kebab-case, unique in the workspace: also the name of its folder in the corpus. */
  readonly name: string;
  /** Bounds of one input that differ from the defaults. */
  readonly limits?: Partial<InputLimits>;
  /** Mutants that a test tries; a decoder that is slow by nature names fewer. */
  readonly runs?: number;
  /** Valid inputs, and some at the edges: the same every time. */
  seeds(): readonly Uint8Array[] | Promise<readonly Uint8Array[]>;
  /**
   * Decodes.
   *
   * @param input borrowed.
   * @returns what became of it: 'ok', or the code of the refusal.
   * @throws only where there is a defect: in the decoder, or in what it made of the input.
   */
  decode(input: Uint8Array): string | Promise<string>;
  /** Gives back what decoding needed: files, databases. */
  close?(): void | Promise<void>;
}

/** What one input may cost. */
export interface InputLimits {
  readonly timeMs: number;
  readonly bytes: number;
}

/** What an input may cost where its decoder names nothing else: 250 ms, 32 MiB. */
export const DEFAULT_INPUT_LIMITS: InputLimits = { timeMs: 250, bytes: 33_554_432 };

/** An input that took too long is tried this often: what the machine did meanwhile is not the decoder's fault. */
const TRIES = 3;

/** What became of an input; `defect` is undefined where the decoder kept the rule. */
export interface Verdict {
  readonly outcome: string;
  readonly defect: { readonly kind: 'throws' | 'slow' | 'memory'; readonly message: string } | undefined;
  readonly timeMs: number;
}

/** Gives a decoder one input. Never throws. */
export async function judgeInput(decoder: FuzzDecoder, input: Uint8Array): Promise<Verdict> {
  const limits = { ...DEFAULT_INPUT_LIMITS, ...decoder.limits };
  let timeMs = Number.POSITIVE_INFINITY;
  let outcome = '';
  for (let tries = 0; tries < TRIES && timeMs > limits.timeMs; tries++) {
    const heldBefore = heldBytes();
    const startedAt = performance.now();
    try {
      const decoded = decoder.decode(input);
      outcome = typeof decoded === 'string' ? decoded : await decoded;
    } catch (error) {
      return { outcome: 'throws', defect: { kind: 'throws', message: describe(error) }, timeMs: 0 };
    }
    timeMs = Math.min(timeMs, performance.now() - startedAt);
    const taken = heldBytes() - heldBefore;
    if (taken > limits.bytes) {
      return { outcome, defect: { kind: 'memory', message: `${taken} bytes for ${input.length}` }, timeMs };
    }
  }
  const isSlow = timeMs > limits.timeMs;
  const message = `${Math.round(timeMs)} ms for ${input.length} bytes`;
  return { outcome, defect: isSlow ? { kind: 'slow', message } : undefined, timeMs };
}

/** What became of `act`: 'ok', or the code of its error where `codes` has it. @throws what else it threw. */
export function outcomeOf(act: () => unknown, codes: readonly ErrorCode[]): string {
  try {
    act();
    return 'ok';
  } catch (error) {
    return codeAmong(error, codes);
  }
}

/** As `outcomeOf`, for what takes its time. */
export async function outcomeOfAsync(act: () => Promise<unknown>, codes: readonly ErrorCode[]): Promise<string> {
  try {
    await act();
    return 'ok';
  } catch (error) {
    return codeAmong(error, codes);
  }
}

function codeAmong(error: unknown, codes: readonly ErrorCode[]): string {
  if (error instanceof SealaneError && codes.includes(error.code)) return error.code;
  throw error;
}

function heldBytes(): number {
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

function describe(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
