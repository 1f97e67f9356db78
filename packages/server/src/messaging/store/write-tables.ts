/**
 * Tables of what devices wrote (docs/protocols/messaging.md §6.7): the last number of each device, and what its last
 * writes were answered. Two copies of one device use a number twice, and that is how they are found out.
 */
import type { Sql } from './sql.ts';

export const WRITE_TABLES = `
CREATE TABLE device_write (
  agent_id TEXT PRIMARY KEY, number INTEGER NOT NULL, is_cloned INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE device_answer (
  agent_id TEXT NOT NULL, number INTEGER NOT NULL, message_id BLOB NOT NULL, sequence INTEGER NOT NULL,
  epoch INTEGER NOT NULL, at INTEGER NOT NULL, PRIMARY KEY (agent_id, number)
) STRICT, WITHOUT ROWID;
`;

/** Answers of one device that are kept. */
export const ANSWERS_MAX = 1_024;

/** Why a write did not happen. */
export type WriteRefusal =
  | 'E_NO_GROUP'
  | 'E_STALE_EPOCH'
  | 'E_DEVICE_CLONED'
  | 'E_BAD_REQUEST'
  | 'E_QUOTA'
  | 'E_BLOB_NOT_FOUND'
  | 'E_NOT_LISTED';

/** What a write that happened is answered. */
export interface WriteAnswer {
  readonly sequence: number;
  readonly epoch: number;
  readonly at: number;
}

export interface Write {
  readonly device: { readonly agentId: string };
  readonly write: number;
  readonly messageId: Uint8Array;
}

/** The answer to a write that is not the next one of its device; undefined for the next one. */
export function knownWrite(sql: Sql, { device: { agentId }, write, messageId }: Write) {
  const row = sql('SELECT number, is_cloned FROM device_write WHERE agent_id = ?').get(agentId);
  if (row?.['is_cloned'] === 1) return refused('E_DEVICE_CLONED', 0);
  const last = Number(row?.['number'] ?? 0);
  if (write === last + 1) return undefined;
  if (write > last) return refused('E_BAD_REQUEST', 0);
  const known = sql(`SELECT message_id, sequence, epoch, at FROM device_answer
    WHERE agent_id = ? AND number = ?`).get(agentId, write);
  if (known === undefined || !isSame(known['message_id'], messageId)) {
    sql('UPDATE device_write SET is_cloned = 1 WHERE agent_id = ?').run(agentId);
    return refused('E_DEVICE_CLONED', 0);
  }
  const { sequence, epoch, at } = known;
  const answer: WriteAnswer = { sequence: Number(sequence), epoch: Number(epoch), at: Number(at) };
  return { status: 'stored', answer, items: [] } as const;
}

/** The write is done: its number is used. */
export function noteWrite(
  sql: Sql,
  { device: { agentId }, write, messageId }: Write,
  { sequence, epoch, at }: WriteAnswer,
): void {
  sql(`INSERT INTO device_write VALUES (?, ?, 0) ON CONFLICT (agent_id) DO UPDATE SET number = excluded.number`).run(
    agentId,
    write,
  );
  sql('INSERT INTO device_answer VALUES (?, ?, ?, ?, ?, ?)').run(...[agentId, write, messageId, sequence, epoch, at]);
  sql('DELETE FROM device_answer WHERE agent_id = ? AND number <= ?').run(agentId, write - ANSWERS_MAX);
}

function refused(code: WriteRefusal, epoch: number) {
  return { status: 'refused', code, epoch } as const;
}

function isSame(known: unknown, bytes: Uint8Array): boolean {
  return known instanceof Uint8Array && known.length === bytes.length && known.every((byte, at) => byte === bytes[at]);
}
