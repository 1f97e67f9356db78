/** A real server and real agents for tests of files: started from source, watched by their JSON lines and their memory. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { programWords } from '../../src/testing/program-words.ts';

const packages = join(import.meta.dirname, '../../..');

/** One JSON line of stdout. */
export type Line = Readonly<Record<string, unknown>> & { readonly event: string };

/** Whether both programs are there to be started. */
export const programsExist = ['server', 'agent'].every((name) => existsSync(join(packages, name, 'src/main.ts')));

export class Program {
  readonly child: ChildProcess;
  readonly lines: Line[] = [];
  stderr = '';
  #waiters: (() => void)[] = [];
  readonly #ended: Promise<number | null>;
  readonly #startKiB: number[] = [];
  /** Largest resident set that was seen, and the one at the first line, in KiB. */
  peakKiB = 0;

  constructor(name: 'server' | 'agent', words: readonly string[]) {
    this.child = spawn(process.execPath, [...programWords(name), ...words, '--json'], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const { stdout, stderr } = this.child;
    createInterface({ input: stdout! }).on('line', (line) => {
      this.lines.push(JSON.parse(line) as Line);
      for (const wake of this.#waiters.splice(0)) wake();
    });
    stderr!.on('data', (chunk: Buffer) => (this.stderr += chunk.toString()));
    this.#ended = once(this.child, 'close').then(([code]) => code as number | null);
    void this.#ended.then(() => this.#waiters.splice(0).forEach((wake) => wake()));
  }

  /** The first line that fits. @throws when the program ends without it. */
  async line(fits: (line: Line) => boolean): Promise<Line> {
    for (;;) {
      const found = this.lines.find(fits);
      if (found !== undefined) return found;
      if (this.child.exitCode !== null || this.child.signalCode !== null)
        throw new Error(`ended early: ${JSON.stringify(this.lines.at(-1))} ${this.stderr}`);
      await new Promise<void>((resolve) => this.#waiters.push(resolve));
    }
  }

  /** Exit code, or null when a signal ended it. */
  get ended(): Promise<number | null> {
    return this.#ended;
  }

  /** Looks at the memory now. @returns growth since the first look, at its largest, in KiB. */
  sampleMemory(): number {
    try {
      const status = readFileSync(`/proc/${this.child.pid}/status`, 'utf8');
      const now = Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0);
      this.#startKiB.push(now);
      this.peakKiB = Math.max(this.peakKiB, now);
    } catch {
      // The process has ended: what was seen before counts.
    }
    return this.peakKiB - (this.#startKiB[0] ?? 0);
  }

  async end(signal: NodeJS.Signals = 'SIGTERM'): Promise<number | null> {
    this.child.kill(signal);
    return await this.#ended;
  }
}

/** Starts a server that receives into `inbox`. @returns it and its address. */
export async function startServer(directory: string, inbox: string, port = 0) {
  const program = new Program('server', [
    'serve',
    '--host',
    '127.0.0.1',
    '--port',
    String(port),
    '--data-dir',
    join(directory, 'server'),
    '--receive',
    inbox,
  ]);
  const line = await program.line(({ event }) => event === 'listening');
  return { program, port: Number(line['port']), address: `127.0.0.1:${String(line['port'])}` };
}
