/** The parent's side of a process with agents: calls as promises. */
import { fork, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Answer, CallName, Calls } from './messages.ts';

const entry = fileURLToPath(new URL('../main.ts', import.meta.url));

export class WorkerProcess {
  readonly #process: ChildProcess;
  readonly #waiting = new Map<number, PromiseWithResolvers<unknown>>();
  #lastId = 0;

  constructor() {
    // Typed arrays with millions of numbers are among the answers.
    this.#process = fork(entry, ['worker'], { serialization: 'advanced' });
    this.#process.on('message', (answer: Answer) => this.#onAnswer(answer));
    this.#process.on('exit', (code, signal) => this.#onExit(`a process of the load ended (${code ?? signal ?? '?'})`));
  }

  /** @throws Error with the child's stack, or when it ended. */
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

  /** Ends the child, orderly or not. */
  end(): void {
    if (this.#process.connected) this.#process.disconnect();
    this.#process.kill('SIGKILL');
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
