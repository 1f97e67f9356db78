/** Real processes for the agent's tests: the agent's command, the product's server, and what they print. */
import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { isPortFree, programWords } from '@sealane/node/testing';

/** All lie below those of the torture, and below those that Linux gives to whoever asks for any. */
const PORT_MIN = 10_000;
const PORTS_OF_WORKER = 2_000;
const WORKERS_MAX = 5;
let portsTaken = Math.floor(Math.random() * PORTS_OF_WORKER);

/** A free port for a server that may be away for a while: nobody else gets it meanwhile. Each worker of Jest has its own. */
export async function steadyPort(): Promise<number> {
  const first = PORT_MIN + (Number(process.env['JEST_WORKER_ID'] ?? 0) % WORKERS_MAX) * PORTS_OF_WORKER;
  for (;;) {
    const port = first + (portsTaken++ % PORTS_OF_WORKER);
    if (await isPortFree(port)) return port;
  }
}

/** One line of --json. */
export type Line = Readonly<Record<string, unknown>> & { readonly event: string };

/** What a process ended with. */
export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly lines: readonly Line[];
}

/** A process under test, and what it has printed so far. */
export class Program {
  readonly child: ChildProcessWithoutNullStreams;
  readonly ended: Promise<Ended>;
  readonly #lines: Line[] = [];
  #parsedTo = 0;
  stdout = '';
  stderr = '';

  constructor(name: 'server' | 'agent', words: readonly string[], environment: Readonly<Record<string, string>> = {}) {
    // No settings of whoever runs the tests.
    const inherited = Object.entries(process.env).filter(([name]) => !/^(SEALANE_|XDG_|NODE_OPTIONS$)/.test(name));
    this.child = spawn(process.execPath, [...programWords(name), ...words], {
      env: { ...Object.fromEntries(inherited), ...environment },
      cwd: tmpdir(),
    });
    this.child.stdout.on('data', (chunk: Buffer) => (this.stdout += chunk.toString()));
    this.child.stderr.on('data', (chunk: Buffer) => (this.stderr += chunk.toString()));
    this.ended = new Promise((resolve) => {
      this.child.on('close', (code) => {
        resolve({ code, stdout: this.stdout, stderr: this.stderr, lines: this.lines });
      });
    });
  }

  /** The whole JSON lines so far; each is parsed once. */
  get lines(): readonly Line[] {
    const end = this.stdout.lastIndexOf('\n') + 1;
    const fresh = this.stdout.slice(this.#parsedTo, end).split('\n');
    this.#parsedTo = end;
    for (const line of fresh) if (line.startsWith('{')) this.#lines.push(JSON.parse(line) as Line);
    return this.#lines;
  }

  /** Waits for a line of this kind. @param index 0 for the first one. */
  async line(event: string, index = 0, timeoutMs = 30_000): Promise<Line> {
    const deadline = Date.now() + timeoutMs;
    for (;;) {
      const found = this.lines.filter((line) => line.event === event)[index];
      if (found !== undefined) return found;
      const over = this.child.exitCode !== null || Date.now() > deadline;
      if (over) throw new Error(`no "${event}" line ${index}:\n${this.stdout}\n${this.stderr}`);
      await sleep(10);
    }
  }

  kill(signal: NodeJS.Signals): void {
    this.child.kill(signal);
  }
}

/** Directories and processes of one test file; `dispose` removes and ends them. */
export class Workbench {
  readonly #programs: Program[] = [];
  readonly #directories: string[] = [];

  directory(): string {
    const path = mkdtempSync(join(tmpdir(), 'sealane-agent-'));
    this.#directories.push(path);
    return path;
  }

  agent(words: readonly string[], environment?: Readonly<Record<string, string>>): Program {
    return this.#start(new Program('agent', words, environment));
  }

  /** Runs the agent to its end. */
  run(words: readonly string[], environment?: Readonly<Record<string, string>>): Promise<Ended> {
    return this.agent(words, environment).ended;
  }

  /** Another command of the server than `serve`, to its end. */
  serverCommand(words: readonly string[]): Promise<Ended> {
    return this.#start(new Program('server', words)).ended;
  }

  async serve(options: {
    readonly dataDir: string;
    readonly port?: number;
    readonly words?: readonly string[];
  }): Promise<ServerProgram> {
    const { dataDir, port = await steadyPort(), words = [] } = options;
    const flags = [
      '--host',
      '127.0.0.1',
      '--port',
      String(port),
      '--data-dir',
      dataDir,
      '--json',
      '--log-level',
      'error',
    ];
    const program = this.#start(new Program('server', ['serve', ...flags, ...words]));
    const listening = await program.line('listening');
    return { program, port: Number(listening['port']), fingerprint: String(listening['fingerprint']) };
  }

  async dispose(): Promise<void> {
    for (const { child } of this.#programs) if (child.exitCode === null) child.kill('SIGKILL');
    await Promise.all(this.#programs.map(({ ended }) => ended));
    for (const path of this.#directories) rmSync(path, { recursive: true, force: true });
  }

  #start(program: Program): Program {
    this.#programs.push(program);
    return program;
  }
}

/** A running server. */
export interface ServerProgram {
  readonly program: Program;
  readonly port: number;
  readonly fingerprint: string;
}
