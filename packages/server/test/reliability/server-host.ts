/**
 * A server in a process of its own, with limits that the command does not have, which tells how it feels: the longest
 * stretch of its event loop, its memory, its counters. Whoever attacks it measures the server and not itself. This file is
 * both sides: the tests import `ServerHost`, the process runs it. Not part of the product.
 */
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Server, ServerCounters, ServerOptions } from '../../src/index.ts';
import type { SessionLimits } from '@sealane/shared/wire';
import { createLogger } from '@sealane/node/log';
import { testProgramWords } from '@sealane/node/testing';
import { temporaryDirectory } from '../temporary-directory.ts';

/** What differs from the defaults. */
export interface HostOptions {
  readonly limitOverrides?: ServerOptions['limitOverrides'];
  readonly sessionLimits?: Partial<SessionLimits>;
  /** Default 127.0.0.1. */
  readonly listenOn?: string;
  /** Default `debug`. */
  readonly logLevel?: 'debug' | 'error';
}

/** How the server feels. */
export interface HostReport {
  /**
   * Most processor time that one stretch of its event loop has taken since `forgetStalls`, in ms. Unlike a delay on the
   * clock it does not grow when other programs keep the machine busy.
   */
  readonly stallMs: number;
  /** Memory in use, what is garbage not counted. */
  readonly heldBytes: number;
  readonly descriptors: number;
  /** Calls of `never`, whose answer never comes. */
  readonly handlersAtWork: number;
  readonly counters: ServerCounters;
}

const FILE = fileURLToPath(import.meta.url);

export class ServerHost {
  readonly child: ChildProcess;
  readonly directory: string;
  port = 0;
  stderr = '';

  private constructor(child: ChildProcess, directory: string) {
    this.child = child;
    this.directory = directory;
    child.stderr?.on('data', (chunk: Buffer) => (this.stderr += chunk.toString()));
  }

  static async start(options: HostOptions = {}): Promise<ServerHost> {
    const directory = temporaryDirectory();
    const words = testProgramWords(FILE);
    const child = fork(words.at(-1) ?? FILE, [directory, JSON.stringify(options)], {
      execArgv: ['--expose-gc', ...words.slice(0, -1)],
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    });
    const host = new ServerHost(child, directory);
    const [started] = (await once(child, 'message')) as [{ readonly port: number }];
    host.port = started.port;
    return host;
  }

  async report(): Promise<HostReport> {
    const answer = once(this.child, 'message');
    this.child.send('report');
    return (await answer)[0] as HostReport;
  }

  /** From now on the store answers no publish, as on a disk that hangs; or it does again. */
  async holdStore(hold: boolean): Promise<void> {
    const answer = once(this.child, 'message');
    this.child.send(hold ? 'hold-store' : 'let-store-go');
    await answer;
  }

  /** From now on stalls count: what is done once, such as loading the log, is done. */
  async forgetStalls(): Promise<void> {
    const answer = once(this.child, 'message');
    this.child.send('forget');
    await answer;
  }

  /** The report once `holds`. @throws Error with the last report after `limitMs`. */
  async reportWhen(holds: (report: HostReport) => boolean, limitMs = 15_000): Promise<HostReport> {
    const endAt = performance.now() + limitMs;
    for (;;) {
      const report = await this.report();
      if (holds(report)) return report;
      if (performance.now() > endAt) throw new Error(`did not happen: ${JSON.stringify(report)}`);
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
  }

  async stop(): Promise<void> {
    if (this.child.exitCode === null && this.child.signalCode === null) {
      this.child.kill('SIGKILL');
      await once(this.child, 'exit');
    }
    rmSync(this.directory, { recursive: true, force: true });
  }
}

/** Lets a test hold the answers of the store back, as a slow disk does. @returns what holds them, or lets them go. */
function holdStore({ delivery: { store } }: Server): (hold: boolean) => void {
  const publish = store.publish.bind(store);
  let held = Promise.withResolvers<undefined>();
  held.resolve(undefined);
  store.publish = async (events) => {
    await held.promise;
    return await publish(events);
  };
  return (hold) => {
    if (hold) held = Promise.withResolvers<undefined>();
    else held.resolve(undefined);
  };
}

/** The process: serves until it is killed. What it serves with is not loaded into the tests. */
async function serve(dataDirectory: string, options: HostOptions): Promise<void> {
  const { createServer } = await import('../../src/index.ts');
  const { limitsOf } = await import('../../src/config/index.ts');
  const { limitOverrides, sessionLimits, listenOn = '127.0.0.1', logLevel = 'debug' } = options;
  const session = { ...limitsOf('default').session, ...sessionLimits };
  const log = createLogger({ level: logLevel, stream: process.stderr, json: true });
  const server = createServer({
    dataDirectory,
    host: listenOn,
    port: 0,
    enrolment: 'open',
    log,
    limitOverrides: { session, ...limitOverrides },
  });
  const readStreams = Promise.withResolvers<undefined>();
  server.handleStream('stalled', async (stream) => {
    await readStreams.promise;
    for await (const piece of stream) if (piece.length === 0) break;
  });
  server.handle('read-streams', () => {
    readStreams.resolve(undefined);
    return 'reading';
  });
  server.handle('large', async () => {
    await Promise.resolve();
    return new Uint8Array(190_000);
  });
  let handlersAtWork = 0;
  server.handle('never', () => {
    handlersAtWork += 1;
    return new Promise(() => undefined);
  });
  const { port } = await server.listen();
  const letStoreGo = holdStore(server);
  let stallMs = 0;
  let spent = process.threadCpuUsage();
  setInterval(() => {
    const { user, system } = process.threadCpuUsage(spent);
    stallMs = Math.max(stallMs, (user + system) / 1_000);
    spent = process.threadCpuUsage();
  }, 2);
  process.on('message', (question) => {
    const sofar = stallMs;
    if (question === 'forget') stallMs = 0;
    if (question === 'hold-store' || question === 'let-store-go') letStoreGo(question === 'hold-store');
    (globalThis as { gc?: () => void }).gc?.();
    const { heapUsed, external } = process.memoryUsage();
    const report: HostReport = {
      stallMs: sofar,
      heldBytes: heapUsed + external,
      descriptors: readdirSync('/proc/self/fd').length,
      handlersAtWork,
      counters: server.counters(),
    };
    process.send?.(report);
    // What the report costs is no stall.
    spent = process.threadCpuUsage();
  });
  process.send?.({ port });
}

if (process.argv[1] === FILE) await serve(process.argv[2] ?? '', JSON.parse(process.argv[3] ?? '{}') as HostOptions);
