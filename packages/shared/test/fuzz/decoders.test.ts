/** Rules 2 and 3 of docs/reliability.md for every decoder of this package: mutants of valid inputs. */
import { afterAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { InputMutator, judgeInput } from '../../src/testing/index.ts';
import { DECODERS } from './decoders.ts';

describe.each(DECODERS)('decoder "$name"', (decoder) => {
  afterAll(() => decoder.close?.());

  it('D10: mutants end with a result or a code, in little time and memory', async () => {
    const seeds = await decoder.seeds();
    const outcomes = new Set<string>();
    const judge = async (input: Uint8Array): Promise<void> => {
      const { outcome, defect } = await judgeInput(decoder, input);
      expect(defect).toBeUndefined();
      outcomes.add(outcome);
    };
    for (const seed of seeds) await judge(seed);
    await fc.assert(
      fc.asyncProperty(fc.nat(0xffff_ffff), (seed) => judge(new InputMutator(seed).mutant(seeds))),
      { numRuns: decoder.runs ?? 200 },
    );
    // A decoder that says the same of everything decides nothing.
    expect(outcomes.size).toBeGreaterThan(1);
  }, 60_000);
});
