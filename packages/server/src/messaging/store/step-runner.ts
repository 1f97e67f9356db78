/**
 * StepRunner: does steps that came together in one transaction, each in a savepoint of its own: one that fails undoes itself
 * and nobody else. What is answered is on the disk (WAL, synchronous=FULL).
 */
import type { DatabaseSync } from 'node:sqlite';
import { faultOf, StoreFault } from '../../store/sqlite/fault.ts';
import type { Fault } from '../../store/sqlite/protocol.ts';
import { SERVICE_STEPS, type ServiceStepName } from './service-store.ts';
import { preparing, type Sql } from './sql.ts';

/** A step that was asked for. */
export interface StepRequest {
  readonly id: number;
  readonly name: ServiceStepName;
  readonly ask: unknown;
}

export interface StepReply {
  readonly id: number;
  readonly answer?: unknown;
  readonly fault?: Fault;
}

export class StepRunner {
  readonly #database: DatabaseSync;
  readonly #sql: Sql;
  #failure: StoreFault | undefined;

  constructor(database: DatabaseSync) {
    this.#database = database;
    this.#sql = preparing(database);
  }

  /** Why nothing is done any more. */
  get failure(): StoreFault | undefined {
    return this.#failure;
  }

  /** Does them in order. @returns an answer for each. */
  run(requests: readonly StepRequest[]): readonly StepReply[] {
    if (this.#failure !== undefined) return refuse(requests, this.#failure);
    try {
      this.#database.exec('BEGIN IMMEDIATE');
      const replies = requests.map((request) => this.#step(request));
      this.#database.exec('COMMIT');
      return replies;
    } catch (error) {
      return refuse(requests, this.#undo(error));
    }
  }

  /** @throws for what ends the whole transaction. */
  #step({ id, name, ask }: StepRequest): StepReply {
    const step = SERVICE_STEPS[name] as (sql: Sql, ask: unknown) => unknown;
    this.#database.exec('SAVEPOINT step');
    try {
      const answer = step(this.#sql, ask);
      this.#database.exec('RELEASE step');
      return { id, answer };
    } catch (error) {
      // SQLite ends the transaction itself where it cannot go on (https://sqlite.org/lang_transaction.html §3).
      if (!this.#database.isTransaction || !isOwnFault(error)) throw error;
      this.#database.exec('ROLLBACK TO step; RELEASE step');
      return { id, fault: faultOf(error) };
    }
  }

  /** Nothing of it happened; where that is not sure, nothing happens any more. */
  #undo(error: unknown): StoreFault {
    const { kind, message } = faultOf(error);
    const fault = new StoreFault(kind, message);
    try {
      if (this.#database.isTransaction) this.#database.exec('ROLLBACK');
    } catch {
      this.#failure = new StoreFault('failed', message);
    }
    if (kind !== 'full' && kind !== 'busy') this.#failure ??= fault;
    return fault;
  }
}

/** A fault of one step alone: a rule of the tables that it broke, or a mistake of ours. The file is as it was. */
function isOwnFault(error: unknown): boolean {
  const SQLITE_CONSTRAINT = 19;
  const code = typeof error === 'object' && error !== null && 'errcode' in error ? Number(error.errcode) : 0;
  return code === 0 || (code & 0xff) === SQLITE_CONSTRAINT;
}

function refuse(requests: readonly StepRequest[], { kind, message }: StoreFault): readonly StepReply[] {
  return requests.map(({ id }) => ({ id, fault: { kind, message } }));
}
