/**
 * ServiceNotifier: tells a service manager how `serve` is, as sd_notify(3) does it: READY, RELOADING, STOPPING, WATCHDOG.
 * Node has no datagram sockets of the file system, so the program `systemd-notify` says it. Without NOTIFY_SOCKET nothing is
 * told and nothing is started.
 */
import { spawn } from 'node:child_process';
import { clearInterval as stopTimer, setInterval as startTimer } from 'node:timers';
import type { Shutdown } from '@sealane/node/cli';
import type { Logger } from '@sealane/node/log';

type Environment = Readonly<Record<string, string | undefined>>;

const PROGRAM = 'systemd-notify';
const MICROSECONDS_PER_MS = 1_000;

export class ServiceNotifier {
  readonly #environment: Environment;
  readonly #log: Logger;
  readonly #shutdown: Shutdown;
  #hasWarned = false;

  constructor(options: { readonly environment: Environment; readonly log: Logger; readonly shutdown: Shutdown }) {
    this.#environment = options.environment;
    this.#log = options.log;
    this.#shutdown = options.shutdown;
  }

  /** It listens; from now on the watchdog is fed, and the end is told. */
  ready(): void {
    this.#tell('READY=1');
    const watchdog = this.#feedWatchdog();
    this.#shutdown.onShutdown(() => {
      stopTimer(watchdog);
      this.#tell('STOPPING=1');
    });
  }

  /** The same task, told when it begins and when it is done. */
  reloading(task: () => Promise<void> | void): () => Promise<void> {
    return async () => {
      this.#tell('RELOADING=1');
      await task();
      this.#tell('READY=1');
    };
  }

  /** Twice as often as asked for, from the event loop: one that hangs feeds it no more. */
  #feedWatchdog(): NodeJS.Timeout | undefined {
    const { WATCHDOG_USEC: microseconds, WATCHDOG_PID: pid } = this.#environment;
    const everyMs = Number(microseconds) / MICROSECONDS_PER_MS / 2;
    if (!(everyMs >= 1) || (pid !== undefined && pid !== String(process.pid))) return undefined;
    return startTimer(() => this.#tell('WATCHDOG=1'), everyMs).unref();
  }

  #tell(state: string): void {
    const { NOTIFY_SOCKET: socket, PATH: path } = this.#environment;
    if (socket === undefined || socket === '') return;
    const words = [`--pid=${process.pid}`, state];
    const child = spawn(PROGRAM, words, { env: { PATH: path, NOTIFY_SOCKET: socket }, stdio: 'ignore' });
    child.once('error', (error) => this.#warn(error.message));
    child.once('exit', (code) => {
      if (code !== 0) this.#warn(`it ended with ${String(code)}`);
    });
    child.unref();
  }

  #warn(why: string): void {
    if (this.#hasWarned) return;
    this.#hasWarned = true;
    this.#log.warn('the service manager cannot be told anything', { program: PROGRAM, why });
  }
}
