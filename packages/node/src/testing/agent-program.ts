/** The `sealane-agent` command as a real process: a publisher that is fed lines, a listener. Not part of the product. */
import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { until } from './until.ts';

const LINES_MS_MAX = 60_000;

/** A line of `--json`. */
export type Line = Readonly<Record<string, unknown>> & { readonly event: string };

/** A program that runs, and the lines it has printed. */
export class AgentProgram {
  readonly child: ChildProcessWithoutNullStreams;
  readonly ended: Promise<number | null>;
  readonly lines: Line[] = [];
  stderr = '';
  #rest = '';

  /** @param words the whole command line. */
  constructor([program = '', ...words]: readonly string[]) {
    const inherited = Object.entries(process.env).filter(([name]) => !/^(SEALANE_|XDG_|NODE_OPTIONS$)/.test(name));
    this.child = spawn(program, words, { env: Object.fromEntries(inherited), cwd: tmpdir() });
    this.child.stdout.on('data', (chunk: Buffer) => this.#take(chunk.toString()));
    this.child.stderr.on('data', (chunk: Buffer) => (this.stderr += chunk.toString()));
    // A reader that was killed takes no more lines.
    this.child.stdin.on('error', () => undefined);
    this.ended = new Promise((resolve) => this.child.once('close', resolve));
  }

  get isRunning(): boolean {
    return this.child.exitCode === null && this.child.signalCode === null;
  }

  of(event: string): readonly Line[] {
    return this.lines.filter((line) => line.event === event);
  }

  /** Waits until it printed as many lines of this kind. @throws Error with what it said on stderr. */
  async until(event: string, count = 1, limitMs = LINES_MS_MAX): Promise<void> {
    let seen = 0;
    let from = 0;
    const isThere = (): boolean => {
      for (; from < this.lines.length; from++) if (this.lines[from]?.event === event) seen += 1;
      return seen >= count;
    };
    await until(`${count} lines "${event}"`, isThere, { limitMs }, () => `only ${seen}; ${this.stderr.slice(-2_000)}`);
  }

  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    this.child.kill(signal);
    await this.ended;
  }

  #take(text: string): void {
    const lines = (this.#rest + text).split('\n');
    this.#rest = lines.pop() ?? '';
    for (const line of lines) this.lines.push(JSON.parse(line) as Line);
  }
}

/** Starts agents with data directories of their own, and removes all at the end. */
export class AgentPrograms {
  readonly #command: readonly string[];
  readonly #programs: AgentProgram[] = [];
  readonly #root = mkdtempSync(join(tmpdir(), 'sealane-torture-'));

  /** @param command words that run the program. */
  constructor(command: readonly string[]) {
    this.#command = command;
  }

  /** @param name of the agent: the same name has the same data directory, so that it is the same agent. */
  start(port: number, name: string, words: readonly string[]): AgentProgram {
    const place = ['--json', '--server', `127.0.0.1:${port}`, '--data-dir', join(this.#root, name), '--id', name];
    const program = new AgentProgram([...this.#command, ...words, ...place]);
    this.#programs.push(program);
    return program;
  }

  /** A listener that has its subscription. */
  async listen(port: number, name: string, words: readonly string[]): Promise<AgentProgram> {
    const program = this.start(port, name, ['listen', ...words]);
    await program.until('subscribed');
    return program;
  }

  async dispose(): Promise<void> {
    for (const { child } of this.#programs) child.kill('SIGKILL');
    await Promise.all(this.#programs.map(({ ended }) => ended));
    rmSync(this.#root, { recursive: true, force: true });
  }
}
