/** The fuzzer as users start it: the committed corpus, and decoders that break. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { DECODERS as BAD_DECODERS } from './bad-decoders.ts';

const ENTRY = [
  '--import',
  './packages/node/src/require-node.js',
  '--conditions=@sealane/source',
  'tools/src/fuzz/main.ts',
];
const BAD = 'tools/test/fuzz/bad-decoders.ts';
const CORPUS = 'tools/fixtures/corpus';

function fuzz(...args: readonly string[]): {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
} {
  const { status, stdout, stderr } = spawnSync(process.execPath, [...ENTRY, ...args], {
    encoding: 'utf8',
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
  const fuzzBad = (decoder: string, minutes: number): ReturnType<typeof fuzz> =>
    fuzz('--decoders', BAD, '--corpus', folder, '--decoder', decoder, '--minutes', String(minutes));

  const told: Readonly<Record<string, string>> = {
    'throws-on-zero': 'throws: RangeError: a zero',
    'throws-on-long-g': 'throws: TypeError: a long g',
    hangs: 'hangs: it does not end',
    slow: 'slow: 4',
    hoards: 'memory: ',
  };
  const bad = BAD_DECODERS.map(({ name }) => name);

  it.each(bad)(
    'finds what is wrong with "%s" and keeps the input',
    (decoder) => {
      const { status, stdout } = fuzzBad(decoder, decoder === 'throws-on-long-g' ? 0.03 : 0.01);
      expect(stdout).toContain(told[decoder]);
      expect(status).toBe(1);
      expect(readdirSync(join(folder, decoder))[0]).toMatch(/^crash-[0-9a-f]{12}\.bin$/);
    },
    30_000,
  );

  it('says how a crash is seen again, and then it is', () => {
    const { stdout } = fuzzBad('throws-on-zero', 0.01);
    const [, words = ''] = /replay: npx nx run tools:fuzz -- (.*)/.exec(stdout) ?? [];
    const again = fuzz('--decoders', BAD, '--corpus', folder, ...words.split(' '));
    expect(again.stdout).toContain('throws: RangeError: a zero');
    expect(again.status).toBe(1);
  });

  it('the input that is kept is one that does it', () => {
    const [name = ''] = readdirSync(join(folder, 'throws-on-long-g'));
    const input = readFileSync(join(folder, 'throws-on-long-g', name));
    expect([input[0], input.length >= 8]).toEqual([0x67, true]);
  });

  it('a wrong decoder, flag or file is refused with what was meant', () => {
    expect(fuzz('--decoder', 'frmes')).toMatchObject({
      status: 2,
      stderr: expect.stringContaining('did you mean frames?'),
    });
    expect(fuzz('--sead', '1')).toMatchObject({ status: 2, stderr: expect.stringContaining('did you mean --seed?') });
    expect(fuzz('--replay', '--decoder', 'frames', '--file', 'none.bin').status).toBe(2);
  });
});
