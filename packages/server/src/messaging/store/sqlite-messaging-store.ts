/** SqliteMessagingStore: messaging of one server in one file, behind a thread of its own. */
import { existsSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import { StorageError } from '@sealane/shared/errors';
import { explainFault } from '../../store/sqlite/explain-fault.ts';
import { StoreFault } from '../../store/sqlite/fault.ts';
import type { Fault } from '../../store/sqlite/protocol.ts';
import type { MessagingStore } from './messaging-store.ts';
import type { FileRequest } from './messaging-worker.ts';
import type { ServiceAnswer, ServiceAsk, ServiceStepName } from './service-store.ts';
import { refusalOf } from './step-fault.ts';
import type { StepReply } from './step-runner.ts';
import { messagingWorker } from './worker-source.ts';

interface Waiting {
  readonly resolve: (answer: unknown) => void;
  readonly reject: (error: StoreFault) => void;
}

export class SqliteMessagingStore implements MessagingStore {
  readonly #file: string;
  readonly #waiting = new Map<number, Waiting>();
  #worker: Worker | undefined;
  #onBroken: (error: Error) => void = () => undefined;
  #lastId = 0;

  /** @param file made where it is missing; its folder must be there. */
  constructor(file: string) {
    this.#file = file;
  }

  async open(onBroken: (error: Error) => void): Promise<void> {
    this.#onBroken = onBroken;
    const worker =
      'code' in messagingWorker ? new Worker(messagingWorker.code, { eval: true }) : new Worker(messagingWorker.file);
    worker.on('message', (reply: StepReply) => this.#onReply(reply));
    worker.on('error', (error) => this.#onEnd(worker, `the worker of messaging failed: ${String(error)}`));
    worker.on('exit', () => this.#onEnd(worker, 'the worker of messaging ended'));
    this.#worker = worker;
    try {
      await this.#send('open', this.#file);
    } catch (error) {
      await this.crash();
      throw explainFault(error, { file: this.#file, holder: undefined });
    }
  }

  async ask<Name extends ServiceStepName>(name: Name, ask: ServiceAsk<Name>): Promise<ServiceAnswer<Name>> {
    try {
      return (await this.#send(name, ask)) as ServiceAnswer<Name>;
    } catch (error) {
      throw refusalOf(error);
    }
  }

  async backup(destination: string): Promise<void> {
    if (existsSync(destination)) throw new StorageError('E_STORAGE', `${destination} is there already`);
    try {
      await this.#send('backup', destination);
    } catch (error) {
      throw explainFault(error, { file: destination, holder: undefined });
    }
  }

  async close(): Promise<void> {
    try {
      await this.#send('close', undefined);
    } finally {
      await this.crash();
    }
  }

  /** Ends it where it is, as a crash of the process would: for tests. */
  async crash(): Promise<void> {
    const worker = this.#worker;
    this.#worker = undefined;
    await worker?.terminate();
  }

  #send(name: ServiceStepName | FileRequest['name'], ask: unknown): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const worker = this.#worker;
      if (worker === undefined) {
        reject(new StoreFault('failed', 'the messaging store is not open'));
        return;
      }
      const id = (this.#lastId += 1);
      this.#waiting.set(id, { resolve, reject });
      worker.postMessage({ id, name, ask });
    });
  }

  #onReply({ id, answer, fault }: StepReply): void {
    if (id === 0) {
      if (fault !== undefined) this.#break(fault);
      return;
    }
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (fault === undefined) waiting?.resolve(answer);
    else waiting?.reject(new StoreFault(fault.kind, fault.message));
  }

  #onEnd(worker: Worker, message: string): void {
    const isExpected = this.#worker !== worker;
    if (!isExpected) this.#worker = undefined;
    for (const { reject } of this.#waiting.values()) reject(new StoreFault('failed', message));
    this.#waiting.clear();
    if (!isExpected) this.#break({ kind: 'failed', message });
  }

  #break({ kind, message }: Fault): void {
    this.#onBroken(explainFault(new StoreFault(kind, message), { file: this.#file, holder: undefined }));
  }
}
