/** WorkerLink: asks the worker of a SQLite store, and hands out what it answers. */
import { Worker, type Transferable } from 'node:worker_threads';
import { StoreFault } from './fault.ts';
import type { CallName, Calls, Fault, Reply, Request } from './protocol.ts';
import { sqliteWorker } from './worker-source.ts';

interface Waiting {
  readonly resolve: (answer: never) => void;
  readonly reject: (error: Error) => void;
}

export class WorkerLink {
  readonly #worker: Worker;
  readonly #waiting = new Map<number, Waiting>();
  readonly #onBroken: (fault: Fault) => void;
  #lastId = 0;
  #end: StoreFault | undefined;

  /** @param onBroken the file is in doubt, or the worker ended by itself. */
  constructor(onBroken: (fault: Fault) => void) {
    this.#onBroken = onBroken;
    this.#worker = startWorker();
    this.#worker.on('message', (reply: Reply) => this.#onReply(reply));
    this.#worker.on('error', (error) => this.#onEnd(`the worker of the store failed: ${String(error)}`));
    this.#worker.on('exit', () => this.#onEnd('the worker of the store ended'));
  }

  /** @throws StoreFault. */
  ask<Name extends CallName>(
    name: Name,
    ask: Calls[Name]['ask'],
    transfers: Transferable[] = [],
  ): Promise<Calls[Name]['answer']> {
    return new Promise((resolve, reject) => {
      if (this.#end !== undefined) {
        reject(this.#end);
        return;
      }
      const id = (this.#lastId += 1);
      this.#waiting.set(id, { resolve, reject });
      const request: Request = { id, name, ask };
      this.#worker.postMessage(request, transfers);
    });
  }

  /** Lets the worker close the file, and ends it. */
  async close(): Promise<void> {
    try {
      await this.ask('close', undefined);
    } finally {
      this.#end ??= new StoreFault('failed', 'the store is closed');
      await this.#worker.terminate();
    }
  }

  /** Ends the worker where it is, as a crash would. */
  async kill(): Promise<void> {
    this.#end ??= new StoreFault('failed', 'the store is gone');
    await this.#worker.terminate();
  }

  #onReply({ id, answer, fault }: Reply): void {
    if (id === 0) {
      if (fault !== undefined) this.#onBroken(fault);
      return;
    }
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (fault === undefined) waiting?.resolve(answer as never);
    else waiting?.reject(new StoreFault(fault.kind, fault.message));
  }

  #onEnd(message: string): void {
    const isExpected = this.#end !== undefined;
    this.#end ??= new StoreFault('failed', message);
    for (const { reject } of this.#waiting.values()) reject(this.#end);
    this.#waiting.clear();
    if (!isExpected) this.#onBroken({ kind: 'failed', message });
  }
}

function startWorker(): Worker {
  return 'code' in sqliteWorker ? new Worker(sqliteWorker.code, { eval: true }) : new Worker(sqliteWorker.file);
}
