/** RedisServer: Redis for tests. Not part of the product. */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createConnection } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from './ports.ts';

const PROGRAM = 'redis-server';
const START_LIMIT_MS = 10_000;
/** Ports that are tried. */
const PORTS_MAX = 3;

/** Whether the program is there. */
export const hasRedis = spawnSync(PROGRAM, ['--version']).status === 0;

/** How its program is run. */
export interface RedisServerOptions {
  /** More arguments, such as `['--appendfsync', 'everysec']`; the last one of a name counts. */
  readonly args?: readonly string[];
  /** Words of a command that runs it. */
  readonly wrap?: readonly string[];
}

/**
 * A Redis of its own: Debian's `redis-server` on a free port of loopback and a directory of its own, durable unless
 * told otherwise.
 */
export class RedisServer {
  readonly port: number;
  readonly directory: string;
  readonly #args: readonly string[];
  readonly #wrap: readonly string[];
  /** Of the default user, once a test has set one. */
  password = '';
  #child: ChildProcess | undefined;

  private constructor(port: number, directory: string, { args = [], wrap = [] }: RedisServerOptions) {
    this.port = port;
    this.directory = directory;
    this.#args = args;
    this.#wrap = wrap;
  }

  static async start(options: RedisServerOptions = {}): Promise<RedisServer> {
    for (let attempt = 1; ; attempt++) {
      const server = new RedisServer(await freePort(), mkdtempSync(join(tmpdir(), 'sealane-redis-')), options);
      try {
        await server.startAgain();
        return server;
      } catch (error) {
        await server.stop();
        // Another program may have taken the port meanwhile.
        if (attempt === PORTS_MAX) throw error;
      }
    }
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`;
  }

  /** Starts it on the same port and directory, after `kill`. */
  async startAgain(): Promise<void> {
    const durable = [
      '--appendonly',
      'yes',
      '--appendfsync',
      'always',
      '--maxmemory-policy',
      'noeviction',
      '--save',
      '',
    ];
    const place = ['--port', String(this.port), '--bind', '127.0.0.1', '--dir', this.directory];
    const debug = ['--enable-debug-command', 'yes'];
    const [program = '', ...words] = [...this.#wrap, PROGRAM, ...place, ...durable, ...debug, ...this.#args];
    const child = spawn(program, words, { stdio: 'ignore' });
    this.#child = child;
    const endAt = performance.now() + START_LIMIT_MS;
    while (!(await this.#answers()) || child.exitCode !== null) {
      if (child.exitCode !== null) throw new Error(`redis-server ended with ${child.exitCode}`);
      if (performance.now() > endAt) throw new Error('redis-server did not start');
      await sleep(20);
    }
  }

  /** kill -9, or another signal that ends it; its files stay. */
  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, 'exit');
    child.kill(signal);
    await gone;
  }

  /** SIGSTOP: connections stay open and nothing answers. */
  pause(): void {
    this.#child?.kill('SIGSTOP');
  }

  goOn(): void {
    this.#child?.kill('SIGCONT');
  }

  /** Ends it and removes its directory. */
  async stop(): Promise<void> {
    await this.kill();
    rmSync(this.directory, { recursive: true, force: true });
  }

  /** Sends one command on a connection of its own. @returns the reply as RESP text. */
  command(...args: readonly string[]): Promise<string> {
    return new Promise((resolve, reject) => {
      const socket = createConnection(this.port, '127.0.0.1');
      let text = '';
      socket.setEncoding('utf8');
      socket.on('data', (chunk: string) => (text += chunk));
      socket.on('error', reject);
      socket.on('close', () => {
        resolve(text.replace(/\+OK\r\n$/, ''));
      });
      const head = this.password === '' ? '' : encode(['AUTH', this.password]);
      socket.end(`${head}${encode(args)}${encode(['QUIT'])}`);
    });
  }

  /** Calls of commands so far, by name, those inside scripts included. */
  async commandCalls(): Promise<ReadonlyMap<string, number>> {
    const text = await this.command('INFO', 'commandstats');
    return new Map(
      [...text.matchAll(/cmdstat_([^:]+):calls=(\d+)/g)].map(([, name = '', calls]) => [name, Number(calls)]),
    );
  }

  async #answers(): Promise<boolean> {
    try {
      return (await this.command('PING')).startsWith('+PONG');
    } catch {
      return false;
    }
  }
}

function encode(args: readonly string[]): string {
  return `*${args.length}\r\n${args.map((arg) => `$${Buffer.byteLength(arg)}\r\n${arg}\r\n`).join('')}`;
}
