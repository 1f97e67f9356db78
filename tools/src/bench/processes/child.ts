/** The bench's side of a child process: calls as promises. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { atExit } from '../../ending/at-exit.ts';
import type { Answer, CallName, Calls } from './messages.ts';

/** How a child is started. */
export interface ChildOptions {
  readonly exposeGc?: boolean;
}

const entry = fileURLToPath(new URL('../main.ts', import.meta.url));
const EXIT_TIMEOUT_MS = 10_000;
const running = new Set<Child>();

export class Child {
  readonly #process: ChildProcess;
  readonly #waiting = new Map<number, PromiseWithResolvers<unknown>>();
  #lastId = 0;

  constructor({ exposeGc }: ChildOptions = {}) {
    const options = ['--conditions=@sealane/source', ...(exposeGc === true ? ['--expose-gc'] : [])];
    this.#process = spawn(process.execPath, [...options, entry, 'worker'], {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    const ended = atExit(() => this.#process.kill('SIGKILL'));
    running.add(this);
    this.#process.on('exit', () => {
      running.delete(this);
      ended();
    });
    this.#process.on('message', (answer: Answer) => this.#onAnswer(answer));
    this.#process.on('exit', (code, signal) => this.#onExit(`the process ended (${code ?? signal ?? 'unknown'})`));
  }

  /** Calls the child. @throws Error with the child's stack, or when it ended. */
  call<Name extends CallName>(name: Name, ...parameters: Parameters<Calls[Name]>): Promise<ReturnType<Calls[Name]>> {
    const id = ++this.#lastId;
    const answered = Promise.withResolvers<unknown>();
    this.#waiting.set(id, answered);
    // A child that has just ended is no error of this process: without a callback it would be one that nobody catches.
    this.#process.send({ id, name, parameters }, (error) => {
      if (error !== null) answered.reject(error);
    });
    return answered.promise as Promise<ReturnType<Calls[Name]>>;
  }

  /** Ends all children at once, whatever they are doing. */
  static async endAll(): Promise<void> {
    await Promise.all([...running].map((child) => child.#endNow()));
  }

  /** Ends the child. */
  async end(): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    const exited = once(this.#process, 'exit');
    const timer = setTimeout(() => this.#process.kill('SIGKILL'), EXIT_TIMEOUT_MS);
    this.call('exit').catch(() => undefined);
    await exited;
    clearTimeout(timer);
  }

  async #endNow(): Promise<void> {
    const exited = once(this.#process, 'exit');
    const timer = setTimeout(() => this.#process.kill('SIGKILL'), EXIT_TIMEOUT_MS);
    this.#process.kill('SIGTERM');
    await exited;
    clearTimeout(timer);
  }

  #onAnswer({ id, value, error }: Answer): void {
    const answered = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (error === undefined) answered?.resolve(value);
    else answered?.reject(new Error(error));
  }

  #onExit(reason: string): void {
    for (const answered of this.#waiting.values()) answered.reject(new Error(reason));
    this.#waiting.clear();
  }
}
