/** The thread that decodes: it may hang or die of an input, so another one watches it. */
import { parentPort, workerData } from 'node:worker_threads';
import { InputMutator, judgeInput, type FuzzDecoder } from '@sealane/shared/testing';
import { Coverage } from './coverage.ts';
import { loadDecoders } from './decoder-list.ts';
import type { Crash, FuzzResult, FuzzTask, SharedInput } from './fuzz-messages.ts';

/** Inputs between two looks at the coverage: as many as take this long. */
const ROUND_MS = 100;
/** Crashes of one task; a decoder that breaks on everything is told of once. */
const CRASHES_MAX = 8;

interface WorkerOptions {
  readonly modules: readonly string[];
  readonly shared: SharedInput;
}

const { modules, shared } = workerData as WorkerOptions;
const decoders = await loadDecoders(modules);
parentPort?.on('message', (task: FuzzTask) => void work(task));
parentPort?.postMessage('ready');

async function work(task: FuzzTask): Promise<void> {
  const decoder = decoders.find(({ name }) => name === task.decoder);
  if (decoder === undefined) throw new Error(`there is no decoder "${task.decoder}"`);
  const run = new Run(decoder);
  try {
    await run.decode(task.inputs);
    if (task.kind === 'mutate') await run.mutate(task);
  } finally {
    await decoder.close?.();
  }
  parentPort?.postMessage(run.result());
}

class Run {
  readonly #decoder: FuzzDecoder;
  readonly #outcomes = new Map<string, number>();
  readonly #crashes = new Map<string, Crash>();
  readonly #found: Uint8Array[] = [];
  #coverage: Coverage | undefined;
  #tried = 0;
  #slowestMs = 0;

  constructor(decoder: FuzzDecoder) {
    this.#decoder = decoder;
  }

  result(): FuzzResult {
    const covered = this.#coverage?.size ?? 0;
    this.#coverage?.close();
    const outcomes = Object.fromEntries([...this.#outcomes].sort(([a], [b]) => (a < b ? -1 : 1)));
    const [tried, slowestMs] = [this.#tried, this.#slowestMs];
    return { tried, slowestMs, outcomes, crashes: [...this.#crashes.values()], found: this.#found, covered };
  }

  async decode(inputs: readonly Uint8Array[]): Promise<void> {
    for (const input of inputs) if (!isStopped()) await this.#judge(input);
  }

  async mutate(task: FuzzTask & { readonly kind: 'mutate' }): Promise<void> {
    this.#coverage = new Coverage();
    const pool = [...(await this.#decoder.seeds()), ...task.inputs];
    await this.decode(pool);
    this.#coverage.learn();
    const mutator = new InputMutator(task.seed);
    const endAt = performance.now() + task.timeMs;
    while (
      !isStopped() &&
      performance.now() < endAt &&
      this.#tried < task.triesMax &&
      this.#crashes.size < CRASHES_MAX
    ) {
      const round: Uint8Array[] = [];
      const roundEndAt = performance.now() + ROUND_MS;
      do {
        const input = mutator.mutant(pool);
        round.push(input);
        const { isNew } = await this.#judge(input);
        if (isNew) this.#keep(input, pool);
      } while (!isStopped() && performance.now() < roundEndAt && this.#tried < task.triesMax);
      if (this.#coverage.takeNew().length > 0) await this.#findNew(round, pool, endAt);
      // What could not be found in time is not looked for again.
      this.#coverage.learn();
    }
  }

  /** Which of these inputs ran something new: halves of them are decoded again. */
  async #findNew(inputs: readonly Uint8Array[], pool: Uint8Array[], endAt: number): Promise<void> {
    const [first] = inputs;
    if (first === undefined || isStopped() || performance.now() > endAt) return;
    for (const input of inputs) await this.#judge(input);
    if (inputs.length === 1) {
      if (this.#coverage?.learn() === true) this.#keep(first, pool);
    } else if ((this.#coverage?.takeNew().length ?? 0) > 0) {
      const middle = inputs.length >>> 1;
      await this.#findNew(inputs.slice(0, middle), pool, endAt);
      await this.#findNew(inputs.slice(middle), pool, endAt);
    }
  }

  #keep(input: Uint8Array, pool: Uint8Array[]): void {
    pool.push(input);
    this.#found.push(input);
  }

  /** @returns whether the outcome was not seen before. */
  async #judge(input: Uint8Array): Promise<{ readonly isNew: boolean }> {
    shared.bytes.set(input.subarray(0, shared.bytes.length));
    shared.head[1] = input.length;
    Atomics.add(shared.head, 0, 1);
    const { outcome, defect, timeMs } = await judgeInput(this.#decoder, input);
    this.#tried += 1;
    this.#slowestMs = Math.max(this.#slowestMs, timeMs);
    const count = this.#outcomes.get(outcome) ?? 0;
    this.#outcomes.set(outcome, count + 1);
    // Of crashes with one cause one is enough.
    if (defect !== undefined) this.#noteCrash({ input: input.slice(), ...defect });
    return { isNew: count === 0 };
  }

  #noteCrash(crash: Crash): void {
    const cause = crash.kind === 'throws' ? placeOf(crash.message) : crash.kind;
    const known = this.#crashes.get(cause);
    if (known === undefined || known.input.length > crash.input.length) this.#crashes.set(cause, crash);
  }
}

function isStopped(): boolean {
  return Atomics.load(shared.head, 2) === 1;
}

/** Where an error was thrown: numbers in messages differ from input to input. */
function placeOf(stack: string): string {
  return stack.split('\n').find((line) => line.includes('    at ')) ?? stack.split('\n', 1)[0] ?? '';
}
