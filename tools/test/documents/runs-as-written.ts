/** The test of a page: everything that it tells its reader to run works, and prints what it shows. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import { runPage } from '../../src/docs/page-runner.ts';

const root = join(import.meta.dirname, '..', '..', '..');

/** A page that starts Redis needs it. */
const STARTS_REDIS = /^redis-server /m;

/**
 * Declares the test of a page, which is skipped with a notice where its Redis is not there.
 *
 * @param usesNpx whether it shows as well that `npx` finds the programs: one page does so for all.
 */
export function runsAsWritten(page: string, { usesNpx = false }: { readonly usesNpx?: boolean } = {}): void {
  const text = readFileSync(join(root, page), 'utf8');
  const isMissingRedis = STARTS_REDIS.test(text) && spawnSync('redis-server', ['--version']).status !== 0;
  if (isMissingRedis) console.warn(`SKIPPED ${page}: apt-get install redis-server`);
  const declare = isMissingRedis ? it.skip : it;
  declare(
    `2.0.22: ${page} runs as written`,
    async () => {
      const { commands, ended, missingOutput } = await runPage(text, { root, usesNpx });
      const failed = [...commands, ...ended].filter(({ exitCode }) => exitCode !== 0);
      expect(failed).toEqual([]);
      expect(missingOutput).toEqual([]);
      expect(commands.length + ended.length).toBeGreaterThan(0);
    },
    240_000,
  );
}
