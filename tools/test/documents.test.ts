import { spawnSync } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { codeBlocks, commandLines, comparableOutput } from '../src/docs/code-blocks.ts';
import { runPage } from '../src/docs/page-runner.ts';

const root = join(import.meta.dirname, '..', '..');
const guides = readdirSync(join(root, 'docs', 'guides')).map((name) => join('docs', 'guides', name));

const pages = ['README.md', ...guides];
/** A page that starts Redis needs it. */
const usesRedis = (page: string): boolean => /^redis-server /m.test(readFileSync(join(root, page), 'utf8'));
const hasRedis = spawnSync('redis-server', ['--version']).status === 0;
const skipped = hasRedis ? [] : pages.filter(usesRedis);
if (skipped.length > 0) console.warn(`SKIPPED ${skipped.join(', ')}: apt-get install redis-server`);

describe('what the pages tell the reader to run', () => {
  it.each(pages.filter((page) => !skipped.includes(page)))(
    '2.0.22: %s runs as written',
    async (page) => {
      const { commands, ended, missingOutput } = await runPage(readFileSync(join(root, page), 'utf8'), root);
      const failed = [...commands, ...ended].filter(({ exitCode }) => exitCode !== 0);
      expect(failed).toEqual([]);
      expect(missingOutput).toEqual([]);
      expect(commands.length + ended.length).toBeGreaterThan(0);
    },
    240_000,
  );
});

describe('the reader of pages', () => {
  it('takes blocks with language, title and line', () => {
    const page = 'a\n```sh\nnpm ci\necho 1   # say\n```\n```ts title=x.ts\nconst a = 1;\n```\n';
    expect(codeBlocks(page)).toEqual([
      { language: 'sh', title: undefined, text: 'npm ci\necho 1   # say', line: 2 },
      { language: 'ts', title: 'x.ts', text: 'const a = 1;', line: 6 },
    ]);
  });

  it('leaves install lines out and knows what runs on', () => {
    expect(commandLines('npm ci\nserve  # runs until Ctrl-C\n# note\n')).toEqual([{ command: 'serve', runsOn: true }]);
  });

  it('compares output but for what changes every time', () => {
    expect(comparableOutput('Hello  (1.2 ms)')).toBe(comparableOutput('Hello  (22.07 ms)'));
    expect(comparableOutput('Hello')).not.toBe(comparableOutput('Hallo'));
  });

  it('a page whose command fails is told', async () => {
    const { commands, missingOutput } = await runPage('```sh\nfalse\n```\n```text\nnever printed\n```\n', root);
    expect(commands.map(({ exitCode }) => exitCode)).toEqual([1]);
    expect(missingOutput).toEqual(['line 4: never printed']);
  }, 30_000);
});
