/** The fuzzer as users start it: the committed corpus, and decoders that break. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { until } from '@sealane/node/testing';
import { DECODERS as BAD_DECODERS } from './bad-decoders.ts';
import { DECODERS as DEEP_DECODERS } from './deep-decoder.ts';
import { DECODERS as READY_DECODERS } from './ready-decoder.ts';

const ENTRY = [
  '--import',
  './packages/node/src/require-node.js',
  '--conditions=@sealane/source',
  'tools/src/fuzz/main.ts',
];
const BAD = 'tools/test/fuzz/bad-decoders.ts';
const DEEP = 'tools/test/fuzz/deep-decoder.ts';
const READY = 'tools/test/fuzz/ready-decoder.ts';
const CORPUS = 'tools/fixtures/corpus';

function fuzz(...args: readonly string[]): ReturnType<typeof fuzzWith> {
  return fuzzWith({}, ...args);
}

function fuzzWith(
  environment: NodeJS.ProcessEnv,
  ...args: readonly string[]
): {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
} {
  const { status, stdout, stderr } = spawnSync(process.execPath, [...ENTRY, ...args], {
    encoding: 'utf8',
    env: { ...process.env, ...environment },
    timeout: 90_000,
  });
  return { status, stdout, stderr };
}

describe('the corpus', () => {
  it('D10: every file of it ends with a result or a code, in bounds', () => {
    const { status, stdout } = fuzz('--replay');
    expect(stdout).not.toContain('replay:');
    expect(status).toBe(0);
  }, 90_000);

  it('D10: has some inputs of every decoder, and of no other', () => {
    const names = fuzz('--list').stdout.trim().split('\n');
    expect(readdirSync(CORPUS).sort()).toEqual([...names].sort());
    for (const name of names) expect(readdirSync(join(CORPUS, name)).length).toBeGreaterThanOrEqual(3);
  });
});

describe('the fuzzer', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'sealane-corpus-'));
  });
  afterAll(() => {
    rmSync(folder, { recursive: true, force: true });
  });
  /** All of them in one process, each for half a second. */
  let bad: ReturnType<typeof fuzz> | undefined;
  const fuzzBad = (): ReturnType<typeof fuzz> =>
    (bad ??= fuzz('--decoders', BAD, '--corpus', folder, '--minutes', '0.04'));

  const told: Readonly<Record<string, RegExp>> = {
    'throws-on-zero': /throws: RangeError: a zero/,
    hangs: /hangs: it does not end/,
    // 40 ms, or more on a machine that has other work.
    slow: /slow: \d{2,} ms for \d+ bytes/,
    hoards: /memory: /,
  };

  it.each(BAD_DECODERS.map(({ name }) => name))(
    'finds what is wrong with "%s" and keeps the input',
    (decoder) => {
      const { status, stdout } = fuzzBad();
      expect(stdout).toMatch(told[decoder] ?? decoder);
      expect(status).toBe(1);
      expect(readdirSync(join(folder, decoder))[0]).toMatch(/^crash-[0-9a-f]{12}\.bin$/);
    },
    90_000,
  );

  it('finds what is wrong with few inputs, step by step', () => {
    const { status, stdout } = fuzz('--decoders', DEEP, '--corpus', folder, '--minutes', '0.03');
    expect(stdout).toContain('throws: TypeError: a long g');
    expect(status).toBe(1);
  }, 30_000);

  it('says how a crash is seen again, and then it is', () => {
    const [, words = ''] = /replay: npx nx run tools:fuzz -- (.*throws-on-zero .*)/.exec(fuzzBad().stdout) ?? [];
    const again = fuzz('--decoders', BAD, '--corpus', folder, ...words.split(' '));
    expect(again.stdout).toContain('throws: RangeError: a zero');
    expect(again.status).toBe(1);
  }, 90_000);

  it('the input that is kept is one that does it', () => {
    const of = join(folder, DEEP_DECODERS[0]?.name ?? '');
    const [name = ''] = readdirSync(of);
    expect(name).toMatch(/^crash-[0-9a-f]{12}\.bin$/);
    const input = readFileSync(join(of, name));
    expect([input[0], input.length >= 8]).toEqual([0x67, true]);
  });

  it('a wrong decoder or file is refused with what was meant', () => {
    // Options that it does not know: options.test.ts.
    expect(fuzz('--decoders', BAD, '--decoder', 'hagns')).toMatchObject({
      status: 2,
      stderr: expect.stringContaining('did you mean hangs?'),
    });
    expect(fuzz('--decoders', BAD, '--replay', '--decoder', 'hangs', '--file', 'none.bin').status).toBe(2);
  });

  it.each([
    [['--decoders', 'none.ts'], /^--decoders cannot be loaded: .*\n$/],
    [['--write-corpus', '--corpus', `${READY}/x`], /^--corpus cannot be written: ENOTDIR.*\n$/],
    [['--replay', '--corpus', 'none'], /^--replay found no input of any decoder in none .*\n$/],
  ])('says in one line why nothing can be done: %j', (args, message) => {
    expect(fuzz(...args)).toEqual({ status: 2, stdout: '', stderr: expect.stringMatching(message) });
  });

  it('SIGTERM ends it early, with its report', async () => {
    const [report, ready] = [join(folder, 'report.md'), join(folder, 'is-ready')];
    const args = ['--decoders', READY, '--corpus', folder, '--minutes', '60', '--report', report];
    const child = spawn(process.execPath, [...ENTRY, ...args], {
      env: { ...process.env, FUZZ_READY: ready },
      stdio: 'ignore',
    });
    const exited = once(child, 'exit');
    await until('it is at work', () => existsSync(ready), { limitMs: 60_000 });
    child.kill('SIGTERM');
    expect(await exited).toEqual([143, null]);
    const count = READY_DECODERS.length;
    expect(readFileSync(report, 'utf8')).toContain(`for ${count} decoders until it was interrupted, 0 crashes.`);
  }, 90_000);

  it('a report that cannot be written in the end is exit code 74, and one line after the result', () => {
    // Something else takes its place meanwhile.
    const report = join(folder, 'taken.md');
    const args = ['--decoders', READY, '--corpus', folder, '--minutes', '0', '--report', report];
    const { status, stdout, stderr } = fuzzWith({ FUZZ_READY: report }, ...args);
    expect(stdout).toMatch(/^ready +\d+ inputs/);
    expect(stderr).toMatch(/^The report could not be written: EISDIR.*\n$/);
    expect(status).toBe(74);
  }, 90_000);
});
