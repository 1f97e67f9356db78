/**
 * Table of items that are promised and not yet in the queues of all their devices: written with what promised them,
 * published, then gone. What a crash leaves here is published again at the next start.
 */
import type { Sql } from './sql.ts';

export const PENDING_TABLES = `
CREATE TABLE pending (
  id INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL, group_id BLOB, epoch INTEGER NOT NULL, message_id BLOB,
  sequence INTEGER NOT NULL, at INTEGER NOT NULL, expires_at INTEGER NOT NULL, body BLOB, blob BLOB, sender TEXT,
  recipients TEXT NOT NULL
) STRICT;
`;

const ITEM_KINDS = ['welcome', 'commit', 'message', 'removed', 'link', 'account', 'envelope'] as const;
export type ItemKind = (typeof ITEM_KINDS)[number];

/** An item for some devices, as it is promised. */
export interface NewPendingItem {
  readonly kind: ItemKind;
  readonly group: Uint8Array | null;
  readonly epoch: number;
  readonly messageId: Uint8Array | null;
  readonly sequence: number;
  readonly at: number;
  readonly expiresAt: number;
  readonly body: Uint8Array | null;
  readonly blob: Uint8Array | null;
  /** Who sent an envelope; what a group sends carries no sender. */
  readonly from?: string | null;
  readonly recipients: readonly string[];
}

/** One that is in the table; its number is never used again. */
export interface PendingItem extends NewPendingItem {
  readonly id: number;
}

/** A row that does not say what it promised. */
export interface DamagedItem {
  readonly id: number;
  readonly kind: 'damaged';
}

/** Promises items. Those for nobody are left out. */
export function addPending(sql: Sql, items: readonly NewPendingItem[]): readonly PendingItem[] {
  const add = sql(`INSERT INTO pending
    (kind, group_id, epoch, message_id, sequence, at, expires_at, body, blob, sender, recipients)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`);
  return items
    .filter(({ recipients }) => recipients.length > 0)
    .map((item) => {
      const { kind, group, epoch, messageId, sequence, at, expiresAt, body, blob, from = null, recipients } = item;
      const { lastInsertRowid } = add.run(
        ...[kind, group, epoch, messageId, sequence, at, expiresAt, body, blob, from, JSON.stringify(recipients)],
      );
      return { ...item, id: Number(lastInsertRowid) };
    });
}

/** Items after a number, in order. */
export function listPending(
  sql: Sql,
  ask: { readonly after: number; readonly limit: number },
): readonly (PendingItem | DamagedItem)[] {
  return sql('SELECT * FROM pending WHERE id > ? ORDER BY id LIMIT ?').all(ask.after, ask.limit).map(pendingItem);
}

/** They are in the queues. */
export function removePending(sql: Sql, ids: readonly number[]): void {
  const remove = sql('DELETE FROM pending WHERE id = ?');
  for (const id of ids) remove.run(id);
}

function pendingItem(row: Record<string, unknown>): PendingItem | DamagedItem {
  const id = Number(row['id']);
  const kind = ITEM_KINDS.find((each) => each === row['kind']);
  const recipients = recipientsOf(String(row['recipients']));
  if (kind === undefined || recipients === undefined) return { id, kind: 'damaged' };
  return {
    id,
    kind,
    group: bytesOf(row['group_id']),
    epoch: Number(row['epoch']),
    messageId: bytesOf(row['message_id']),
    sequence: Number(row['sequence']),
    at: Number(row['at']),
    expiresAt: Number(row['expires_at']),
    body: bytesOf(row['body']),
    blob: bytesOf(row['blob']),
    from: typeof row['sender'] === 'string' ? row['sender'] : null,
    recipients,
  };
}

function recipientsOf(text: string): readonly string[] | undefined {
  try {
    const recipients: unknown = JSON.parse(text);
    return Array.isArray(recipients) ? recipients.map(String) : undefined;
  } catch {
    return undefined;
  }
}

function bytesOf(value: unknown): Uint8Array | null {
  return value instanceof Uint8Array ? value : null;
}
