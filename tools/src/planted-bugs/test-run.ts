/** Runs test files in a copy of the sources, and says how they ended. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { ROW_ID } from './planted-bug.ts';

/** How a run ended. */
export interface TestRun {
  /** `red`: a test failed by what it asserts. `broken`: the sources do not run, or a test failed by a mistake of types. */
  readonly end: 'green' | 'red' | 'broken' | 'skipped';
  /** The test that failed, one with an id of what is looked for where there is one; or why nothing ran. */
  readonly told: string;
  readonly seconds: number;
}

/** What jest writes with `--json`, as far as it is read here. */
interface JestResult {
  readonly numPassedTests: number;
  readonly testResults: readonly {
    readonly message: string;
    readonly assertionResults: readonly {
      readonly status: string;
      readonly fullName: string;
      readonly failureMessages: readonly string[];
    }[];
  }[];
}

const RUN_MS_MAX = 120_000;
const RESULT_FILE = 'planted-result.json';
const JEST = [
  ...['--import', './packages/node/src/require-node.js', '--experimental-vm-modules'],
  ...['--disable-warning=ExperimentalWarning', 'node_modules/jest/bin/jest.js'],
];
/** Errors of JavaScript itself: a bug that a compiler finds is none for tests to find. */
const MISTAKE = /^(TypeError|SyntaxError|ReferenceError)\b/;

/**
 * @param title part of the titles of the tests that are run.
 * @param ids rows of docs/reliability.md that the tests are about.
 * @param stop ends it at once.
 */
export async function runTests(
  folder: string,
  {
    tests,
    title,
    ids,
  }: { readonly tests: readonly string[]; readonly title?: string; readonly ids: readonly string[] },
  stop: AbortSignal,
): Promise<TestRun> {
  const file = join(folder, RESULT_FILE);
  rmSync(file, { force: true });
  const named = title === undefined ? [] : ['--testNamePattern', title];
  // What a bug leaves running must not keep the tests from their end.
  const args = [
    ...JEST,
    '--runTestsByPath',
    ...tests,
    '-i',
    '--forceExit',
    '--silent',
    '--json',
    '--outputFile',
    file,
    ...named,
  ];
  const startedAt = performance.now();
  // Each run is a group of processes, so that one that hangs leaves nothing behind.
  // Programs from the sources that have the bug: building them for each bug takes longer than their slower start.
  const env = { ...process.env, TEST_PROGRAMS: '' };
  const child = spawn(process.execPath, args, { cwd: folder, stdio: 'ignore', detached: true, env });
  const end = (): void => endGroup(child.pid);
  const timer = setTimeout(end, RUN_MS_MAX);
  stop.addEventListener('abort', end);
  await once(child, 'close');
  stop.removeEventListener('abort', end);
  clearTimeout(timer);
  const seconds = (performance.now() - startedAt) / 1_000;
  if (!existsSync(file)) return { end: 'broken', told: 'the tests did not come to an end', seconds };
  return { ...judge(JSON.parse(readFileSync(file, 'utf8')) as JestResult, ids), seconds };
}

/** What a result of jest says. @param ids of several tests that failed, one with one of these in its title is told. */
export function judge(
  { numPassedTests, testResults }: JestResult,
  ids: readonly string[] = [],
): Omit<TestRun, 'seconds'> {
  const failed = testResults.flatMap(({ assertionResults }) =>
    assertionResults.filter(({ status }) => status === 'failed'),
  );
  const byAssertion = failed
    .filter(({ failureMessages }) => !failureMessages.some((message) => MISTAKE.test(message)))
    .map(({ fullName }) => fullName);
  const told = byAssertion.find((name) => ids.some((id) => hasId(name, id))) ?? byAssertion[0];
  if (told !== undefined) return { end: 'red', told };
  const [mistaken] = failed;
  if (mistaken !== undefined) return { end: 'broken', told: firstLine(mistaken.failureMessages[0]) };
  const unrunnable = testResults.find(
    ({ message, assertionResults }) => message !== '' && assertionResults.length === 0,
  );
  if (unrunnable !== undefined) return { end: 'broken', told: firstLine(unrunnable.message) };
  return numPassedTests === 0 ? { end: 'skipped', told: 'no test ran' } : { end: 'green', told: '' };
}

function hasId(title: string, id: string): boolean {
  return [...title.matchAll(ROW_ID)].some(([found]) => found === id);
}

/** The first line that says something of its own. */
function firstLine(message = ''): string {
  const lines = message.split('\n').map((line) => line.trim());
  return lines.find((line) => line !== '' && !line.includes('Test suite failed to run')) ?? '';
}

function endGroup(pid: number | undefined): void {
  try {
    if (pid !== undefined) process.kill(-pid, 'SIGKILL');
  } catch {
    // It has ended meanwhile.
  }
}
