/** The simulation as users run it: the same seed is the same run, and every planted bug is found. */
import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';
import { PLANTED_BUGS, type PlantedBug } from '../../src/sim/planted/planted-bug.ts';

const ROOT = new URL('../../../', import.meta.url);
const ARGUMENTS = ['--import', './packages/node/src/require-node.js', '--conditions=@sealane/source'];
const FIND_BUGS = fileURLToPath(new URL('find-bugs.ts', import.meta.url));
const BUGS_MS_MAX = 240_000;
/** The one that is looked for as users do; all are found in one process, which starts in a second. */
const SHOWN_BUG: PlantedBug = 'byte-changed';
/** Each planted bug of the product that names this file shows in one of so many. */
const SOME_SEEDS = 30;

interface Outcome {
  readonly status: number | null;
  readonly output: string;
}

interface FoundBug {
  readonly bug: PlantedBug;
  readonly text: string;
}

function simulate(...args: readonly string[]): Promise<Outcome> {
  return outcomeOf(spawn(process.execPath, [...ARGUMENTS, 'tools/src/sim/main.ts', ...args], { cwd: ROOT }));
}

/** The same through a pipe of the shell, as in a log of CI: its end used to be missing. */
function simulateThroughPipe(...args: readonly string[]): Promise<Outcome> {
  const words = [process.execPath, ...ARGUMENTS, 'tools/src/sim/main.ts', ...args].map((word) => `'${word}'`);
  return outcomeOf(spawn('sh', ['-c', `${words.join(' ')} | cat`], { cwd: ROOT }));
}

function outcomeOf(child: ChildProcessWithoutNullStreams): Promise<Outcome> {
  const said: Buffer[] = [];
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => said.push(chunk));
  return new Promise((resolve) =>
    child.on('close', (status) => resolve({ status, output: Buffer.concat(said).toString() })),
  );
}

/** What is said of each planted bug. */
async function findBugs(): Promise<ReadonlyMap<PlantedBug, string>> {
  const { status, output } = await outcomeOf(spawn(process.execPath, [...ARGUMENTS, FIND_BUGS], { cwd: ROOT }));
  if (status !== 0) throw new Error(output);
  const lines = output.trimEnd().split('\n');
  return new Map(lines.map((line) => JSON.parse(line) as FoundBug).map(({ bug, text }) => [bug, text]));
}
let bugs: ReturnType<typeof findBugs> | undefined;

function hashesOf({ output }: Outcome): readonly string[] {
  return [...output.matchAll(/trace ([0-9a-f]{32})/g)].map(([, hash]) => hash ?? '');
}

describe('the simulation', () => {
  it('R17: the same seed gives the same trace, alone and among others; another one gives another', async () => {
    const [many, alone] = await Promise.all([
      simulate('--first-seed', '40', '--seeds', '3', '--trace'),
      simulateThroughPipe('--seed', '42'),
    ]);
    expect(many.status).toBe(0);
    const hashes = hashesOf(many);
    expect(hashes).toHaveLength(3);
    expect(new Set(hashes).size).toBe(3);
    expect(hashesOf(alone)).toEqual([hashes[2]]);
    const lines = alone.output.split('\n').filter((line) => /^ +\d+\.\d{3} /.test(line));
    expect(lines.length).toBeGreaterThan(100);
    for (const line of lines) expect(many.output).toContain(`${line}\n`);
  }, 60_000);

  it.each(PLANTED_BUGS)(
    'finds the bug %s, and says how to see it again',
    async (bug) => {
      const text = (await (bugs ??= findBugs())).get(bug);
      expect(text).toMatch(/Seed \d+ failed:\n {2}\S/);
      expect(text).toMatch(new RegExp(`--seed \\d+ --bug ${bug}$`, 'm'));
      expect(text).toContain('The end of its trace:');
    },
    BUGS_MS_MAX,
  );

  it('some worlds hold what must always hold', async () => {
    const { status, output } = await simulate('--seeds', String(SOME_SEEDS));
    expect(output).toContain(`${SOME_SEEDS} runs, all good`);
    expect(status).toBe(0);
  }, 100_000);

  it('what nobody catches does not end the process without a word of its seed', async () => {
    for (const bug of ['stray-throw', 'stray-rejection']) {
      const { status, output } = await simulate('--seed', '1', '--bug', bug);
      expect(output).toMatch(new RegExp(`^Seed 1 failed:\n  \\S+ threw: Error: ${bug}\n`, 'm'));
      expect(output).toContain(`fault: threw: Error: ${bug}`);
      expect(output).toContain(`--seed 1 --bug ${bug}\n`);
      expect(status).toBe(1);
    }
  }, 60_000);

  it('a wake-up that is lost is counted', async () => {
    const report = join(mkdtempSync(join(tmpdir(), 'sealane-sim-')), 'page.md');
    expect(await simulate('--seeds', '10', '--report', report)).toMatchObject({ status: 0 });
    const page = readFileSync(report, 'utf8');
    rmSync(dirname(report), { recursive: true });
    expect(page).toMatch(/^\| lost-wake-up +\| [1-9]\d* +\|$/m);
    expect(page).toContain('M6 in [packages/server/test/redis/nodes.test.ts]');
  }, 60_000);

  it('a run that fails is told, and exit code 1', async () => {
    const { status, output } = await simulate('--bug', SHOWN_BUG);
    expect(status).toBe(1);
    expect(output).toMatch(/^Seed \d+ failed:\n {2}\S/m);
    expect(output).toMatch(new RegExp(`--seed \\d+ --bug ${SHOWN_BUG}$`, 'm'));
  }, 60_000);

  it('a wrong word is answered with what was meant, and exit code 2', async () => {
    expect(await simulate('--sead', '1')).toMatchObject({
      status: 2,
      output: expect.stringContaining('did you mean --seed?'),
    });
    expect(await simulate('--seed', '1', '--seeds', '5')).toMatchObject({
      status: 2,
      output: expect.stringContaining('--seed and --seeds exclude each other'),
    });
  }, 20_000);
});
