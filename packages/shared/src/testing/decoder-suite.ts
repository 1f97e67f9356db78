/**
 * The suite that every decoder passes (docs/reliability.md, rules 2 and 3): valid inputs and mutants of them end with a result
 * or a code. A package runs it for those of its `test/fuzz/decoders.ts`.
 */
import { judgeInput, type FuzzDecoder, type Verdict } from './fuzz-decoder.ts';
import { InputMutator } from './input-mutator.ts';

/** What of Jest the suite uses. */
interface Register {
  readonly describe: (name: string, cases: () => void) => void;
  readonly afterAll: (act: () => Promise<void>) => void;
  readonly it: (name: string, act: () => Promise<void>, timeoutMs: number) => void;
  readonly expect: (value: unknown) => { toEqual(expected: unknown): void; toBeGreaterThan(least: number): void };
}

const MUTANTS = 200;
const SUITE_MS_MAX = 60_000;
const SEED_RANGE = 2 ** 32;

/** Registers the cases of these decoders. */
export function decoderSuite(decoders: readonly FuzzDecoder[], { describe, afterAll, it, expect }: Register): void {
  for (const decoder of decoders) {
    describe(`decoder "${decoder.name}"`, () => {
      afterAll(async () => {
        await decoder.close?.();
      });
      it(
        'D10: mutants end with a result or a code, in little time and memory',
        async () => {
          const { outcomes, defects } = await judgeMutants(decoder, Math.floor(Math.random() * SEED_RANGE));
          expect(defects).toEqual([]);
          // A decoder that says the same of everything decides nothing.
          expect(outcomes.size).toBeGreaterThan(1);
        },
        SUITE_MS_MAX,
      );
    });
  }
}

/** A defect, and the seed of the mutant that shows it; undefined for a valid input. */
interface Found {
  readonly seed: number | undefined;
  readonly defect: Verdict['defect'];
}

async function judgeMutants(
  decoder: FuzzDecoder,
  firstSeed: number,
): Promise<{ readonly outcomes: ReadonlySet<string>; readonly defects: readonly Found[] }> {
  const seeds = await decoder.seeds();
  const outcomes = new Set<string>();
  const defects: Found[] = [];
  const judge = async (input: Uint8Array, seed: number | undefined): Promise<void> => {
    const { outcome, defect } = await judgeInput(decoder, input);
    outcomes.add(outcome);
    if (defect !== undefined) defects.push({ seed, defect });
  };
  for (const input of seeds) await judge(input, undefined);
  for (let run = 0; run < (decoder.runs ?? MUTANTS) && defects.length === 0; run++) {
    const seed = (firstSeed + run) % SEED_RANGE;
    await judge(new InputMutator(seed).mutant(seeds), seed);
  }
  return { outcomes, defects };
}
