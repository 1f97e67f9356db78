/** The statements of a lane: its tables, and how events become rows and come back. */
import { crc32 } from 'node:zlib';
import { EVENT_OVERHEAD_BYTES, type OutgoingEvent, type QueuedEvent } from './outbox.ts';
import type { Durability, Receipt } from './receipt.ts';
import type { SqlRow, SqlStatement, SqlValue } from './sqlite-thread.ts';

/** Version of the tables; a lane of a later one is left alone. */
export const LANE_FORMAT = 1;

/**
 * `EXCLUSIVE` makes the lock of the operating system name the owner: it ends with the process, however that ends. A
 * commit is on disk when it returns (`FULL`).
 */
export const LANE_SETUP = `
  PRAGMA locking_mode = EXCLUSIVE;
  PRAGMA auto_vacuum = INCREMENTAL;
  PRAGMA journal_mode = WAL;
  PRAGMA synchronous = FULL;
  PRAGMA journal_size_limit = 16777216;
`;

export const createLane = (producerId: string): readonly SqlStatement[] => [
  {
    sql: `CREATE TABLE IF NOT EXISTS lane (
      id INTEGER PRIMARY KEY CHECK (id = 1), producer_id TEXT NOT NULL, last_number INTEGER NOT NULL, sent_number INTEGER NOT NULL
    ) STRICT`,
  },
  {
    sql: `CREATE TABLE IF NOT EXISTS events (
      number INTEGER PRIMARY KEY, recipient TEXT NOT NULL, event_id TEXT, content_type TEXT, body BLOB NOT NULL,
      ttl_ms INTEGER NOT NULL, delay_ms INTEGER NOT NULL, relaxed INTEGER NOT NULL, checksum INTEGER NOT NULL
    ) STRICT`,
  },
  {
    sql: `CREATE TABLE IF NOT EXISTS ids (
      id TEXT PRIMARY KEY, hash BLOB NOT NULL, number INTEGER NOT NULL, sequence INTEGER, durability TEXT, at INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID`,
  },
  { sql: 'CREATE INDEX IF NOT EXISTS ids_by_number ON ids (number)' },
  { sql: 'CREATE INDEX IF NOT EXISTS ids_by_time ON ids (at)' },
  { sql: 'INSERT OR IGNORE INTO lane VALUES (1, ?, 0, 0)', runs: [[producerId]] },
  { sql: `PRAGMA user_version = ${LANE_FORMAT}` },
];

export const READ_LANE: readonly SqlStatement[] = [
  { sql: 'SELECT producer_id, last_number, sent_number FROM lane' },
  {
    sql: `SELECT count(*) AS events, min(number) AS first,
      coalesce(sum(length(body) + length(recipient) + coalesce(length(event_id), 0) + ${EVENT_OVERHEAD_BYTES}), 0) AS bytes
      FROM events`,
  },
];

const EVENT_COLUMNS = 'number, recipient, event_id, content_type, body, ttl_ms, delay_ms, relaxed, checksum';

export const INSERT_EVENT = `INSERT INTO events (${EVENT_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`;

/** An event whose id was given by the program: stored where the id is new; the last statement says who has it. */
export function insertOnce(event: QueuedEvent, hash: Uint8Array, at: number): readonly SqlStatement[] {
  const id = event.eventId;
  return [
    {
      sql: `INSERT INTO events (${EVENT_COLUMNS}) SELECT ?, ?, ?, ?, ?, ?, ?, ?, ?
        WHERE NOT EXISTS (SELECT 1 FROM ids WHERE id = ?)`,
      runs: [[...eventValues(event), id]],
    },
    {
      sql: 'INSERT OR IGNORE INTO ids (id, hash, number, at) VALUES (?, ?, ?, ?)',
      runs: [[id, hash, event.number, at]],
    },
    { sql: SELECT_ID, runs: [[id]] },
  ];
}

export const SELECT_ID = 'SELECT id, hash, number, sequence, durability FROM ids WHERE id = ?';
export const SELECT_EVENTS = `SELECT ${EVENT_COLUMNS} FROM events WHERE number > ? ORDER BY number LIMIT ?`;
export const DELETE_EVENTS = 'DELETE FROM events WHERE number BETWEEN ? AND ?';
export const SELECT_FIRST = 'SELECT min(number) AS first FROM events';
export const UPDATE_LANE = 'UPDATE lane SET last_number = max(last_number, ?), sent_number = max(sent_number, ?)';
export const RECEIVE_ID = 'UPDATE ids SET sequence = ?, durability = ? WHERE number = ?';
/** An event refused for good may be published again under its id. */
export const FORGET_ID = 'DELETE FROM ids WHERE number = ?';
/** Wall clocks jump: what lies in the future is forgotten too. Those of events that wait are kept. */
export const FORGET_OLD_IDS = 'DELETE FROM ids WHERE sequence IS NOT NULL AND (at < ? OR at > ?)';
/** Gives pages back to the disk, some at a time. */
export const SHRINK = 'PRAGMA incremental_vacuum(1024)';

/** Moves what was never sent: by so much that no number is taken twice on the way. */
export function moveUnsent(sentNumber: number, by: number): readonly SqlStatement[] {
  const runs = [[by, sentNumber]];
  return [
    { sql: 'UPDATE events SET number = number + ? WHERE number > ?', runs },
    { sql: 'UPDATE ids SET number = number + ? WHERE number > ?', runs },
  ];
}

export function eventValues(event: QueuedEvent): readonly SqlValue[] {
  return [
    event.number,
    event.to,
    event.eventId,
    event.contentType,
    event.body,
    event.ttlMs,
    event.delayMs,
    event.relaxed ? 1 : 0,
    checksum(event),
  ];
}

/** The event of a row, and whether it is what was written (fault S5). */
export function eventOf(row: SqlRow): { readonly event: QueuedEvent; readonly intact: boolean } {
  const event: QueuedEvent = {
    number: Number(row['number']),
    to: String(row['recipient']),
    eventId: textOf(row['event_id']),
    contentType: textOf(row['content_type']),
    body: bytesOf(row['body']),
    ttlMs: Number(row['ttl_ms']),
    delayMs: Number(row['delay_ms']),
    relaxed: row['relaxed'] === 1,
  };
  return { event, intact: checksum(event) === row['checksum'] };
}

/** The receipt in a row of `ids`; undefined while there is none. */
export function receiptOf(row: SqlRow): Receipt | undefined {
  const { id, sequence, durability } = row;
  if (sequence === null || sequence === undefined) return undefined;
  return { id: String(id), sequence: Number(sequence), durability: durability as Durability };
}

export function bytesOf(value: SqlValue | undefined): Uint8Array {
  return value instanceof Uint8Array ? value : new Uint8Array(0);
}

function textOf(value: SqlValue | undefined): string | null {
  return typeof value === 'string' ? value : null;
}

function checksum(event: OutgoingEvent): number {
  return crc32(event.body, crc32(`${event.to} ${event.eventId ?? ''} ${event.contentType ?? ''}`));
}
