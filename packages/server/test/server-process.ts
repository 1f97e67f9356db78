/** The `sealane-server` command as a real process, for tests. Not part of the product. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { programWords } from '@sealane/node/testing';

/** What a finished process said. */
export interface ProcessResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a command to its end. @param options.wrap a command that runs it, such as one that takes privileges away. */
export async function runServerCommand(
  words: readonly string[],
  options: { readonly wrap?: readonly string[] } = {},
): Promise<ProcessResult> {
  const [program = '', ...rest] = [...(options.wrap ?? []), process.execPath, ...programWords('server'), ...words];
  return await finished(spawn(program, rest, { env: cleanEnvironment() }));
}

/** A server that was started with `serve --json`. */
export class ServerProcess {
  readonly child: ChildProcess;
  readonly result: Promise<ProcessResult>;
  stderr = '';
  port = 0;
  adminPort: number | null = null;
  fingerprint = '';
  /** Milliseconds from the start of the process to its first line. */
  startMs = 0;

  private constructor(child: ChildProcess) {
    this.child = child;
    child.stderr?.on('data', (chunk: Buffer) => (this.stderr += chunk.toString()));
    this.result = finished(child);
  }

  /**
   * Starts it on 127.0.0.1 and a free port and waits until it listens.
   *
   * @param options.wrap a command that runs the process, such as one that lowers its limits.
   * @param options.port one that it had before.
   * @param options.main another program.
   */
  static async start(
    words: readonly string[],
    options: { readonly wrap?: readonly string[]; readonly port?: number; readonly main?: string } = {},
  ): Promise<ServerProcess> {
    const started = performance.now();
    const line = [
      process.execPath,
      ...(options.main === undefined ? programWords('server') : [options.main]),
      'serve',
      '--json',
      '--host',
      '127.0.0.1',
      '--port',
      String(options.port ?? 0),
      ...words,
    ];
    const [program = '', ...rest] = [...(options.wrap ?? []), ...line];
    const server = new ServerProcess(spawn(program, rest, { env: cleanEnvironment() }));
    const first = await Promise.race([once(createInterface({ input: server.child.stdout! }), 'line'), server.result]);
    if (!Array.isArray(first)) throw new Error(`serve ended with ${first.code ?? 'a signal'}: ${first.stderr}`);
    server.startMs = performance.now() - started;
    const listening = JSON.parse(first[0] as string) as {
      event: string;
      port: number;
      adminPort: number | null;
      fingerprint: string;
    };
    server.port = listening.port;
    server.adminPort = listening.adminPort;
    server.fingerprint = listening.fingerprint;
    return server;
  }

  /** Lines of the log so far. */
  get log(): readonly Record<string, unknown>[] {
    const lines = this.stderr.split('\n').slice(0, -1);
    return lines.filter((line) => line.startsWith('{')).map((line) => JSON.parse(line) as Record<string, unknown>);
  }

  /** Sends a signal and waits for the end. */
  async end(signal: NodeJS.Signals = 'SIGTERM'): Promise<ProcessResult> {
    this.child.kill(signal);
    return await this.result;
  }
}

async function finished(child: ChildProcess): Promise<ProcessResult> {
  let stdout = '';
  let stderr = '';
  child.stdout?.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr?.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, stdout, stderr };
}

/** Without settings and configuration files of whoever runs the tests. */
export function cleanEnvironment(): Record<string, string | undefined> {
  const foreign = /^(SEALANE_|XDG_|FORCE_COLOR$|NODE_OPTIONS$|HOME$)/;
  const kept = Object.entries(process.env).filter(([name]) => !foreign.test(name));
  return { ...Object.fromEntries(kept), HOME: '/nonexistent', SEALANE_ADMIN_PORT: '0' };
}
