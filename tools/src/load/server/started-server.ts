/** A server for one run of a tool: the program as a user runs it, on a free port, in a temporary data directory. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { programWords } from '@sealane/node/testing';
import { atExit } from '../../ending/at-exit.ts';
import { temporaryFolder, type TemporaryFolder } from '../../ending/temporary-folder.ts';

const END_MS_MAX = 15_000;

/** Its line `listening`, as far as it is used. */
interface ListeningLine {
  readonly event: string;
  readonly port: number;
  readonly fingerprint: string;
  readonly adminPort: number | null;
}

/** Which server is started, and how. */
export interface StartOptions {
  readonly store?: string | undefined;
  /** A file to run instead of the sources. */
  readonly program?: string | undefined;
  /** Words of a command that runs it, such as one that takes memory away. */
  readonly wrap?: readonly string[];
  /** Default 0.0.0.0. */
  readonly host?: string;
  /** Default `warn`. */
  readonly logLevel?: 'warn' | 'error';
}

export class StartedServer {
  readonly port: number;
  readonly fingerprint: string;
  /** Null where there is none. */
  readonly adminPort: number | null;
  readonly #process: ChildProcess;
  readonly #data: TemporaryFolder;

  private constructor(process: ChildProcess, line: ListeningLine, data: TemporaryFolder) {
    this.#process = process;
    this.port = line.port;
    this.fingerprint = line.fingerprint;
    this.adminPort = line.adminPort;
    this.#data = data;
  }

  /** @throws Error when the server does not start; what it said is on stderr. */
  static async start(options: StartOptions): Promise<StartedServer> {
    const { store, program, wrap = [], host = '0.0.0.0', logLevel = 'warn' } = options;
    const data = temporaryFolder('sealane-load-');
    const settings = [
      '--host',
      host,
      '--port',
      '0',
      '--admin-port',
      '0',
      '--data-dir',
      data.path,
      '--log-level',
      logLevel,
      '--json',
    ];
    const [command = '', ...args] = [
      ...wrap,
      process.execPath,
      ...(program === undefined ? [...process.execArgv, ...programWords('server')] : [program]),
      'serve',
      ...settings,
      ...(store === undefined ? [] : ['--store', store]),
    ];
    // In a process group of its own: Ctrl-C ends the tool, and the tool ends the server.
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'], detached: true });
    atExit(() => child.kill('SIGKILL'));
    for await (const line of createInterface({ input: child.stdout })) {
      const record = JSON.parse(line) as ListeningLine;
      if (record.event === 'listening') return new StartedServer(child, record, data);
    }
    data.remove();
    throw new Error('the server did not start');
  }

  get dataDirectory(): string {
    return this.#data.path;
  }

  get processId(): number {
    return this.#process.pid ?? 0;
  }

  /** How it ended by itself: its exit code, or the signal that killed it; undefined while it runs. */
  get endedBy(): number | NodeJS.Signals | undefined {
    return this.#process.exitCode ?? this.#process.signalCode ?? undefined;
  }

  /** Ends it as an operator would, and removes its data. */
  async end(): Promise<void> {
    if (this.#process.exitCode === null && this.#process.signalCode === null) {
      const exited = once(this.#process, 'exit');
      const timer = setTimeout(() => this.#process.kill('SIGKILL'), END_MS_MAX);
      this.#process.kill('SIGTERM');
      await exited;
      clearTimeout(timer);
    }
    this.#data.remove();
  }
}
