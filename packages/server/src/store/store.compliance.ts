/**
 * The compliance suite of the `Store` port: every store runs it. It is no test file itself; the caller hands in jest's
 * functions, so that nothing of jest is loaded outside tests.
 */
import { accountCases } from './testing/accounts.compliance.ts';
import { deadLetterCases } from './testing/dead-letters.compliance.ts';
import { Bench, type RegisterCase, type StoreFactory, type TestFunctions } from './testing/harness.compliance.ts';
import { publishCases } from './testing/publish.compliance.ts';
import { queueCases } from './testing/queues.compliance.ts';
import { settleCases } from './testing/settle.compliance.ts';
import { timeCases } from './testing/time.compliance.ts';

export type { StoreFactory, TestFunctions } from './testing/harness.compliance.ts';

/** Registers the suite for the stores that `factory` makes. */
export function storeCompliance(factory: StoreFactory, functions: TestFunctions): void {
  const { it, expect } = functions;
  const register: RegisterCase = (title, body, limits) =>
    it(title, async () => {
      const bench = await Bench.open(factory, limits);
      try {
        await body(bench);
      } finally {
        await bench.end();
      }
    });
  publishCases(register, expect);
  queueCases(register, expect);
  settleCases(register, expect);
  deadLetterCases(register, expect);
  accountCases(register, expect);
  timeCases(register, expect);
}
