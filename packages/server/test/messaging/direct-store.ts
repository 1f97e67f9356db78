/** The steps of the messaging services in this process, without the thread of the real store. Not part of the product. */
import { DatabaseSync } from 'node:sqlite';
import { setImmediate as turn } from 'node:timers/promises';
import { StorageError } from '@sealane/shared/errors';
import { preparing } from '../../src/messaging/store/sql.ts';
import {
  SERVICE_STEPS,
  SERVICE_TABLES,
  type ServiceAnswer,
  type ServiceAsk,
  type ServiceStepName,
  type ServiceStore,
} from '../../src/messaging/store/service-store.ts';

export class DirectStore implements ServiceStore {
  readonly #database: DatabaseSync;
  readonly #sql: ReturnType<typeof preparing>;
  /** Called before a step: a test may fail it. */
  onAsk: (name: ServiceStepName) => void = () => undefined;

  constructor(file = ':memory:') {
    this.#database = new DatabaseSync(file);
    this.#database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF;');
    const isNew = this.#database.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'pending'").get() === undefined;
    if (isNew) this.#database.exec(SERVICE_TABLES);
    this.#sql = preparing(this.#database);
  }

  async ask<Name extends ServiceStepName>(name: Name, ask: ServiceAsk<Name>): Promise<ServiceAnswer<Name>> {
    await turn();
    this.onAsk(name);
    const copy = structuredClone(ask);
    this.#database.exec('BEGIN IMMEDIATE');
    try {
      const step = SERVICE_STEPS[name] as unknown as (
        sql: ReturnType<typeof preparing>,
        ask: ServiceAsk<Name>,
      ) => ServiceAnswer<Name>;
      const answer = step(this.#sql, copy);
      this.#database.exec('COMMIT');
      return answer;
    } catch (error) {
      this.#database.exec('ROLLBACK');
      throw new StorageError('E_STORE_UNAVAILABLE', String(error), { cause: error });
    }
  }

  close(): void {
    this.#database.close();
  }
}
