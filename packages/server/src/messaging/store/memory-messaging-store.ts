/** MemoryMessagingStore: messaging of a server that keeps nothing, for `--store memory:` and tests. */
import type { DatabaseSync } from 'node:sqlite';
import { StorageError } from '@sealane/shared/errors';
import { StoreFault } from '../../store/sqlite/fault.ts';
import { openInMemory } from './messaging-file.ts';
import type { MessagingStore } from './messaging-store.ts';
import type { ServiceAnswer, ServiceAsk, ServiceStepName } from './service-store.ts';
import { refusalOf } from './step-fault.ts';
import { StepRunner, type StepRequest } from './step-runner.ts';

interface Waiting {
  readonly request: StepRequest;
  readonly resolve: (answer: unknown) => void;
  readonly reject: (error: Error) => void;
}

export class MemoryMessagingStore implements MessagingStore {
  #database: DatabaseSync | undefined;
  #runner: StepRunner | undefined;
  #waiting: Waiting[] = [];

  /** Memory does not break. */
  open(_onBroken?: (error: Error) => void): Promise<void> {
    this.#database = openInMemory();
    this.#runner = new StepRunner(this.#database);
    return Promise.resolve();
  }

  async ask<Name extends ServiceStepName>(name: Name, ask: ServiceAsk<Name>): Promise<ServiceAnswer<Name>> {
    const answer = await new Promise((resolve, reject) => {
      if (this.#waiting.length === 0) queueMicrotask(() => this.#run());
      // Copied, as it would be for a thread: a caller may use its bytes for something else.
      this.#waiting.push({ request: { id: 1, name, ask: structuredClone(ask) }, resolve, reject });
    });
    return answer as ServiceAnswer<Name>;
  }

  backup(): Promise<void> {
    return Promise.reject(new StorageError('E_STORAGE', 'a store in memory has no backup'));
  }

  async close(): Promise<void> {
    await Promise.resolve();
    this.#run();
    this.#database?.close();
    this.#runner = undefined;
  }

  #run(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    if (waiting.length === 0) return;
    const replies = this.#runner?.run(waiting.map(({ request }) => request));
    for (const [index, { resolve, reject }] of waiting.entries()) {
      const reply = replies?.[index];
      const fault = reply === undefined ? { kind: 'failed' as const, message: 'the store is not open' } : reply.fault;
      if (fault === undefined) resolve(reply?.answer);
      else reject(refusalOf(new StoreFault(fault.kind, fault.message)));
    }
  }
}
