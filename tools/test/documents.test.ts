import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { codeBlocks, commandLines, comparableOutput, filledIn } from '../src/docs/code-blocks.ts';
import { runPage } from '../src/docs/page-runner.ts';

const root = join(import.meta.dirname, '..', '..');
const testFolder = join(import.meta.dirname, 'documents');

describe('what the pages tell the reader to run', () => {
  it('2.0.22 2.1.21: README and every guide have a test that runs them', () => {
    const tests = readdirSync(testFolder).filter((name) => name.endsWith('.test.ts'));
    const texts = tests.map((name) => readFileSync(join(testFolder, name), 'utf8')).join('\n');
    const run = [...texts.matchAll(/^runsAsWritten\('([^']+)'.*\);$/gm)].map(([, page]) => page);
    const guides = readdirSync(join(root, 'docs', 'guides')).map((name) => `docs/guides/${name}`);
    expect(new Set(run)).toEqual(new Set(['README.md', ...guides]));
  });
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

  it('puts what was printed in the place of words that stand for it', () => {
    const id = '0123456789abcdef'.repeat(2);
    const printed = `Sent ${id} (sent)\nagent-0123456789abcdef  listed  until 2027-01-01  phone\n`;
    expect(filledIn('message edit ID x', printed)).toBe(`message edit ${id} x`);
    expect(filledIn('device revoke DEVICE', printed)).toBe('device revoke agent-0123456789abcdef');
    expect(filledIn('device approve CODE', printed)).toBe('device approve CODE');
  });

  it('compares output but for what changes every time', () => {
    expect(comparableOutput('Hello  (1.2 ms)')).toBe(comparableOutput('Hello  (22.07 ms)'));
    expect(comparableOutput('Hello')).not.toBe(comparableOutput('Hallo'));
  });

  it('a page whose command fails is told', async () => {
    const { commands, missingOutput } = await runPage('```sh\nfalse\n```\n```text\nnever printed\n```\n', {
      root,
      usesNpx: false,
    });
    expect(commands.map(({ exitCode }) => exitCode)).toEqual([1]);
    expect(missingOutput).toEqual(['line 4: never printed']);
  }, 30_000);
});
