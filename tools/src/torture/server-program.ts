/** ServerProgram: one server, killed and started again on the same port and data as often as it takes. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';

const START_MS_MAX = 60_000;
const END_MS_MAX = 30_000;
/** A port that was just left may take a moment. */
const START_TRIES = 20;
const START_PAUSE_MS = 100;
const SAID_CHARACTERS_MAX = 200_000;

export interface ServerProgramOptions {
  /** Words that run the program. */
  readonly command: readonly string[];
  readonly port: number;
  readonly dataDirectory: string;
  /** Further flags of `serve`. */
  readonly flags?: readonly string[];
}

export class ServerProgram {
  readonly port: number;
  readonly #options: ServerProgramOptions;
  #child: ChildProcess | undefined;
  #ended: Promise<number | string> = Promise.resolve(0);
  /** How it ended without having been told to. */
  #endedBy: number | string | undefined;
  #isToldToEnd = false;
  /** What it said, on both streams. */
  said = '';

  constructor(options: ServerProgramOptions) {
    this.port = options.port;
    this.#options = options;
  }

  /** Undefined while it runs, or was told to end. */
  get endedBy(): number | string | undefined {
    return this.#endedBy;
  }

  /** Starts it, and waits until it listens. @throws Error with what it said. */
  async start(): Promise<void> {
    for (let tries = 1; ; tries++) {
      this.said = this.said.slice(-SAID_CHARACTERS_MAX / 2);
      const before = this.said.length;
      this.spawn();
      if (await this.#listens()) return;
      const said = this.said.slice(before);
      const isTaken = said.includes('E_PORT_BUSY');
      if (!isTaken || tries >= START_TRIES)
        throw new Error(`the server did not start: ${String(await this.#ended)} ${said.slice(-2_000)}`);
      await sleep(START_PAUSE_MS);
    }
  }

  /** Starts it, and waits for nothing. */
  spawn(): void {
    const { command, port, dataDirectory, flags = [] } = this.#options;
    const settings = [
      '--host',
      '127.0.0.1',
      '--port',
      String(port),
      '--data-dir',
      dataDirectory,
      '--log-level',
      'error',
    ];
    const [program = '', ...words] = [...command, 'serve', '--json', ...settings, ...flags];
    const foreign = /^(SEALANE_|XDG_|FORCE_COLOR$|NODE_OPTIONS$|HOME$)/;
    const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !foreign.test(name)));
    const child = spawn(program, words, {
      env: { ...env, HOME: '/nonexistent' },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#child = child;
    this.#isToldToEnd = false;
    this.#endedBy = undefined;
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk: Buffer) => {
        this.said = (this.said + chunk.toString()).slice(-SAID_CHARACTERS_MAX);
      });
    this.#ended = new Promise((resolve) => {
      child.once('close', (code, signal) => {
        const how = code ?? signal ?? 'unknown';
        if (!this.#isToldToEnd) this.#endedBy = how;
        resolve(how);
      });
    });
  }

  /** kill -9. */
  async kill(): Promise<void> {
    await this.#end('SIGKILL');
  }

  /** Ends it as an operator would. @returns its exit code, or the signal that it took. */
  async end(): Promise<number | string> {
    const timer = setTimeout(() => this.#child?.kill('SIGKILL'), END_MS_MAX);
    const how = await this.#end('SIGTERM');
    clearTimeout(timer);
    return how;
  }

  /** SIGSTOP for a while. */
  async stop(ms: number): Promise<void> {
    this.#child?.kill('SIGSTOP');
    await sleep(ms);
    this.#child?.kill('SIGCONT');
  }

  /** Waits until it ends by itself. @returns its exit code, or the signal that it took. */
  async endsByItself(limitMs: number): Promise<number | string> {
    this.#isToldToEnd = true;
    const late = new AbortController();
    const how = await Promise.race([
      this.#ended,
      sleep(limitMs, `still running after ${limitMs / 1_000} s`, { signal: late.signal }).catch(() => ''),
    ]);
    late.abort();
    return how;
  }

  async #end(signal: NodeJS.Signals): Promise<number | string> {
    this.#isToldToEnd = true;
    this.#child?.kill(signal);
    // One that was stopped takes no other signal.
    if (signal !== 'SIGKILL') this.#child?.kill('SIGCONT');
    return await this.#ended;
  }

  /** @returns false when it ended instead. */
  async #listens(): Promise<boolean> {
    const child = this.#child;
    if (child?.stdout === null || child === undefined) return false;
    const timer = setTimeout(() => child.kill('SIGKILL'), START_MS_MAX);
    const first = await Promise.race([once(createInterface({ input: child.stdout }), 'line'), this.#ended]);
    clearTimeout(timer);
    return Array.isArray(first) && String(first[0]).includes('"listening"');
  }
}
