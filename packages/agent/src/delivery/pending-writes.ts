/** What a lane has to write down: events that came, events that leave, and the transaction made of them. */
import { equalBytes } from '@sealane/shared/bytes';
import { eventBytes, type Added, type QueuedEvent } from './outbox.ts';
import * as sql from './outbox-statements.ts';
import type { Receipt } from './receipt.ts';
import type { SqlRow, SqlStatement } from './sqlite-thread.ts';

/** An event that is to be stored. */
export interface PendingAdd {
  readonly event: QueuedEvent;
  /** Where the program gave the id. */
  readonly hash: Uint8Array | undefined;
  readonly resolve: (added: Added) => void;
  readonly reject: (error: Error) => void;
}

interface PendingSettle {
  readonly event: QueuedEvent;
  readonly receipt: Receipt | undefined;
}

/** What goes into one transaction. */
export interface WriteBatch {
  readonly adds: readonly PendingAdd[];
  readonly settles: readonly PendingSettle[];
}

/** Bounds of one transaction, and of what waits for the disk in memory. */
const BATCH_EVENTS_MAX = 4_096;
const BATCH_BYTES_MAX = 16_777_216;
const WAITING_BYTES_MAX = 67_108_864;
/** So many settled events are written down at once, without waiting for more. */
const SETTLES_MANY = 1_024;

export class PendingWrites {
  #adds: PendingAdd[] = [];
  #settles: PendingSettle[] = [];
  #bytes = 0;

  /** As much waits for the disk as memory should hold. */
  get isFull(): boolean {
    return this.#bytes >= WAITING_BYTES_MAX;
  }

  get isEmpty(): boolean {
    return this.#adds.length === 0 && this.#settles.length === 0;
  }

  get settlesMany(): boolean {
    return this.#settles.length >= SETTLES_MANY;
  }

  add(event: QueuedEvent, hash: Uint8Array | undefined): Promise<Added> {
    this.#bytes += eventBytes(event);
    return new Promise((resolve, reject) => this.#adds.push({ event, hash, resolve, reject }));
  }

  settle(settle: PendingSettle): void {
    this.#settles.push(settle);
  }

  /** What the next transaction takes. */
  take(): WriteBatch {
    let bytes = 0;
    let count = 0;
    for (const { event } of this.#adds) {
      if (count === BATCH_EVENTS_MAX || (count > 0 && bytes >= BATCH_BYTES_MAX)) break;
      bytes += eventBytes(event);
      count += 1;
    }
    this.#bytes -= bytes;
    const batch = { adds: this.#adds.slice(0, count), settles: this.#settles };
    this.#adds = this.#adds.slice(count);
    this.#settles = [];
    return batch;
  }

  /** The transaction failed, but what was settled stays settled. */
  takeBack(settles: readonly PendingSettle[]): void {
    this.#settles = [...settles, ...this.#settles];
  }

  /** Nothing more is written. */
  refuseAll(error: Error): void {
    for (const { reject } of this.#adds) reject(error);
    this.#adds = [];
    this.#settles = [];
    this.#bytes = 0;
  }
}

/** The statements of a batch. `idIndex` says where the rows stand that tell who has an id given by a program. */
export function batchStatements(
  { adds, settles }: WriteBatch,
  now: number,
): { readonly statements: readonly SqlStatement[]; readonly idIndex: ReadonlyMap<PendingAdd, number> } {
  const statements: SqlStatement[] = [];
  const idIndex = new Map<PendingAdd, number>();
  const plain = adds.filter(({ hash }) => hash === undefined);
  if (plain.length > 0) {
    statements.push({ sql: sql.INSERT_EVENT, runs: plain.map(({ event }) => sql.eventValues(event)) });
  }
  for (const add of adds) {
    if (add.hash === undefined) continue;
    statements.push(...sql.insertOnce(add.event, add.hash, now));
    idIndex.set(add, statements.length - 1);
  }
  statements.push(...settleStatements(settles));
  return { statements, idIndex };
}

function settleStatements(settles: readonly PendingSettle[]): readonly SqlStatement[] {
  if (settles.length === 0) return [];
  const ids = settles.filter(({ event }) => event.eventId !== null);
  const received = ids.flatMap(({ event, receipt }) =>
    receipt === undefined ? [] : [[receipt.sequence, receipt.durability, event.number]],
  );
  const refused = ids.flatMap(({ event, receipt }) => (receipt === undefined ? [[event.number]] : []));
  return [
    { sql: sql.DELETE_EVENTS, runs: numberRuns(settles.map(({ event }) => event.number)) },
    ...(received.length > 0 ? [{ sql: sql.RECEIVE_ID, runs: received }] : []),
    ...(refused.length > 0 ? [{ sql: sql.FORGET_ID, runs: refused }] : []),
  ];
}

/** Numbers as runs of numbers that follow one another. */
function numberRuns(numbers: readonly number[]): readonly [number, number][] {
  const runs: [number, number][] = [];
  for (const number of numbers) {
    const run = runs.at(-1);
    if (run?.[1] === number - 1) run[1] = number;
    else runs.push([number, number]);
  }
  return runs;
}

/** What an add with an id of its program came to. @param row who has the id now. */
export function addedOnce(add: PendingAdd, row: SqlRow | undefined): Added {
  if (row === undefined || Number(row['number']) === add.event.number) return { kind: 'stored' };
  if (add.hash === undefined || !equalBytes(sql.bytesOf(row['hash']), add.hash)) return { kind: 'conflict' };
  return { kind: 'duplicate', number: Number(row['number']), receipt: sql.receiptOf(row) };
}
