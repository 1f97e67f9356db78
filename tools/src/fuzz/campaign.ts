/** A campaign: every decoder for its part of the time, what was found, and what broke. */
import { resolve } from 'node:path';
import type { FuzzDecoder } from '@sealane/shared/testing';
import { Corpus } from './corpus.ts';
import type { Crash, FuzzResult } from './fuzz-messages.ts';
import { FuzzThread } from './fuzz-thread.ts';
import type { FuzzOptions } from './options.ts';

const MINUTE_MS = 60_000;
/** Mutants that `--write-corpus` tries of a decoder, and files that it keeps. */
const CORPUS_TRIES = 4_000;
const CORPUS_TRIES_OF_SLOW = 300;
const CORPUS_SEEDS_MAX = 16;
const CORPUS_FILES_MAX = 32;
const CORPUS_INPUT_BYTES_MAX = 2_048;

/** What a decoder came to. */
export interface DecoderReport extends Omit<FuzzResult, 'crashes' | 'found'> {
  readonly decoder: string;
  /** Inputs of the corpus that it began with. */
  readonly corpus: number;
  readonly found: number;
  readonly crashes: readonly { readonly kind: Crash['kind']; readonly message: string; readonly file: string }[];
}

export class Campaign {
  readonly #options: FuzzOptions;
  readonly #corpus: Corpus;
  readonly #thread: FuzzThread;
  readonly #onReport: (report: DecoderReport) => void;

  constructor(options: FuzzOptions, modules: readonly string[], onReport: (report: DecoderReport) => void) {
    this.#options = options;
    this.#corpus = new Corpus(options.corpus);
    this.#thread = new FuzzThread(modules);
    this.#onReport = onReport;
  }

  /** @param stop ends it early, with what was found until then. */
  async run(decoders: readonly FuzzDecoder[], stop: AbortSignal): Promise<readonly DecoderReport[]> {
    const reports: DecoderReport[] = [];
    stop.addEventListener('abort', () => this.#thread.stop(), { once: true });
    const timeMs = (this.#options.minutes * MINUTE_MS) / Math.max(1, decoders.length);
    try {
      for (const decoder of decoders) {
        if (stop.aborted) break;
        const report = await this.#runOne(decoder, timeMs, stop);
        reports.push(report);
        this.#onReport(report);
      }
    } finally {
      await this.#thread.close();
    }
    return reports;
  }

  /** The files of a decoder that the options mean. @throws TypeError where they name a file that is none of them. */
  inputsOf({ name }: FuzzDecoder): ReturnType<Corpus['read']> {
    const { file } = this.#options;
    const files = this.#corpus.read(name).filter((each) => file === undefined || resolve(each.file) === resolve(file));
    if (file !== undefined && files.length === 0) throw new TypeError(`${file} is no file of "${name}"`);
    return files;
  }

  async #runOne(decoder: FuzzDecoder, timeMs: number, stop: AbortSignal): Promise<DecoderReport> {
    const { mode, seed } = this.#options;
    const inputs = this.inputsOf(decoder).map(({ input }) => input);
    const of = { decoder: decoder.name };
    if (mode === 'replay') {
      return this.#report(decoder, inputs, await this.#thread.run({ ...of, kind: 'replay', inputs }, decoder));
    }
    const isNew = mode === 'write-corpus';
    const triesMax = decoder.runs === undefined ? CORPUS_TRIES : CORPUS_TRIES_OF_SLOW;
    const bounds = isNew ? { timeMs: MINUTE_MS, triesMax, inputs: [] } : { timeMs, triesMax: Infinity, inputs };
    const result = await this.#thread.run({ ...of, kind: 'mutate', seed, ...bounds }, decoder);
    // What was found in a part of the time is no corpus.
    if (isNew && !stop.aborted) await this.#writeCorpus(decoder, result);
    return this.#report(decoder, bounds.inputs, result);
  }

  /** Some of the valid inputs, evenly, then what mutants did that is new. */
  async #writeCorpus(decoder: FuzzDecoder, { found }: FuzzResult): Promise<void> {
    const isSmall = ({ length }: Uint8Array): boolean => length <= CORPUS_INPUT_BYTES_MAX;
    const seeds = (await decoder.seeds()).filter(isSmall);
    const step = Math.max(1, seeds.length / CORPUS_SEEDS_MAX);
    const kept = Array.from(
      { length: Math.min(seeds.length, CORPUS_SEEDS_MAX) },
      (_, index) => seeds[Math.floor(index * step)],
    );
    const inputs = [...kept.filter((seed) => seed !== undefined), ...found.filter(isSmall)];
    this.#corpus.replace(decoder.name, inputs.slice(0, CORPUS_FILES_MAX));
    await decoder.close?.();
  }

  #report(decoder: FuzzDecoder, inputs: readonly Uint8Array[], result: FuzzResult): DecoderReport {
    const crashes = result.crashes.map(({ kind, message, input }) => ({
      ...{ kind, message, file: this.#corpus.keepCrash(decoder.name, input) },
    }));
    return { ...result, decoder: decoder.name, corpus: inputs.length, found: result.found.length, crashes };
  }
}
