/** Runs the demo program as a real process and collects what it says. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { testProgramWords } from '../../src/testing/program-words.ts';

/** What `node` runs the program by. */
export const DEMO_WORDS = testProgramWords(fileURLToPath(new URL('./demo-program.ts', import.meta.url)));

/** What a run came to. */
export interface DemoResult {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A run under way. */
export interface DemoRun {
  readonly child: ChildProcess;
  readonly result: Promise<DemoResult>;
  /** Resolves when stdout has said something. */
  readonly spoke: Promise<unknown>;
}

const INHERITED = ['PATH', 'HOME', 'TMPDIR', 'NODE_COMPILE_CACHE'] as const;

/** Starts `demo WORDS`; the environment is only what is given. */
export function startDemo(
  words: readonly string[],
  options: { environment?: Record<string, string>; cwd?: string } = {},
): DemoRun {
  const environment = Object.fromEntries(INHERITED.map((name) => [name, process.env[name] ?? '']));
  const child = spawn(process.execPath, [...DEMO_WORDS, ...words], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...environment, ...options.environment },
    ...(options.cwd !== undefined && { cwd: options.cwd }),
  });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  const spoke = once(child.stdout, 'data').catch(() => undefined);
  const result = once(child, 'close').then(([code, signal]) => ({
    code: code as number | null,
    signal: signal as NodeJS.Signals | null,
    stdout,
    stderr,
  }));
  return { child, result, spoke };
}

/** Runs `demo WORDS` to its end. */
export function runDemo(words: readonly string[], options: Parameters<typeof startDemo>[1] = {}): Promise<DemoResult> {
  return startDemo(words, options).result;
}

/** The JSON lines of a stdout. */
export function jsonLines(stdout: string): Record<string, unknown>[] {
  return stdout
    .trim()
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}
