/** Table of blobs (docs/protocols/messaging.md §9): whose they are, what they must be, and how long they stay. */
import type { Sql } from './sql.ts';

export const BLOB_TABLES = `
CREATE TABLE blob (
  id BLOB PRIMARY KEY, account_id BLOB NOT NULL, size INTEGER NOT NULL, hash BLOB NOT NULL, ttl_ms INTEGER NOT NULL,
  expires_at INTEGER NOT NULL, is_whole INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX blob_account ON blob (account_id, size);
CREATE INDEX blob_expiry ON blob (expires_at);
CREATE INDEX blob_hash ON blob (hash);
`;

/** A blob as it was opened. */
export interface BlobRow {
  readonly id: Uint8Array;
  readonly accountId: Uint8Array;
  readonly size: number;
  /** SHA-256 of the whole. */
  readonly hash: Uint8Array;
  /** How long it is kept from the moment on when it is whole. */
  readonly ttlMs: number;
  readonly expiresAt: number;
  readonly isWhole: boolean;
}

export type OpenBlobResult =
  | { readonly status: 'open'; readonly blob: BlobRow }
  | { readonly status: 'account-full' }
  | { readonly status: 'store-full' };

/** The blob of this id, made where it is missing and there is room for it. */
export function openBlob(
  sql: Sql,
  ask: {
    readonly blob: BlobRow;
    readonly accountBytesMax: number;
    readonly accountBlobsMax: number;
    readonly totalBytesMax: number;
  },
): OpenBlobResult {
  const { blob, accountBytesMax, accountBlobsMax } = ask;
  const known = findBlob(sql, blob.id);
  if (known !== undefined) return { status: 'open', blob: known };
  const own = sql('SELECT count(*) AS blobs, total(size) AS bytes FROM blob WHERE account_id = ?').get(blob.accountId);
  const isFull = Number(own?.['bytes']) + blob.size > accountBytesMax || Number(own?.['blobs']) >= accountBlobsMax;
  if (isFull) return { status: 'account-full' };
  if (blobBytes(sql) + blob.size > ask.totalBytesMax) return { status: 'store-full' };
  const { id, accountId, size, hash, ttlMs, expiresAt } = blob;
  sql('INSERT INTO blob VALUES (?, ?, ?, ?, ?, ?, 0)').run(id, accountId, size, hash, ttlMs, expiresAt);
  return { status: 'open', blob };
}

export function findBlob(sql: Sql, id: Uint8Array): BlobRow | undefined {
  const row = sql('SELECT * FROM blob WHERE id = ?').get(id);
  return row === undefined ? undefined : blobRow(row);
}

/** All of it is there, and its time begins. @returns false when it was dropped meanwhile. */
export function finishBlob(sql: Sql, ask: { readonly id: Uint8Array; readonly at: number }): boolean {
  const { changes } = sql('UPDATE blob SET is_whole = 1, expires_at = ? + ttl_ms WHERE id = ? AND is_whole = 0').run(
    ask.at,
    ask.id,
  );
  return Number(changes) === 1;
}

/** Forgets a blob, or only where its time was over by then. @returns the content that nobody has any more. */
export function dropBlob(
  sql: Sql,
  ask: { readonly id: Uint8Array; readonly expiredAt: number | null },
): Uint8Array | undefined {
  const known = findBlob(sql, ask.id);
  if (known === undefined || (ask.expiredAt !== null && known.expiresAt > ask.expiredAt)) return undefined;
  sql('DELETE FROM blob WHERE id = ?').run(ask.id);
  return hasContent(sql, known.hash) ? undefined : known.hash;
}

/** Blobs whose time is over. */
export function expiredBlobs(sql: Sql, ask: { readonly at: number; readonly limit: number }): readonly BlobRow[] {
  const rows = sql('SELECT * FROM blob WHERE expires_at <= ? ORDER BY expires_at LIMIT ?').all(ask.at, ask.limit);
  return rows.map(blobRow);
}

/** Blobs of an account that are not whole, for its end. */
export function uploadsOf(
  sql: Sql,
  ask: { readonly accountId: Uint8Array; readonly limit: number },
): readonly BlobRow[] {
  const rows = sql('SELECT * FROM blob WHERE account_id = ? AND is_whole = 0 LIMIT ?').all(ask.accountId, ask.limit);
  return rows.map(blobRow);
}

/** Whether whole blobs have this content. */
export function hasContent(sql: Sql, hash: Uint8Array): boolean {
  return sql('SELECT 1 FROM blob WHERE hash = ? AND is_whole = 1 LIMIT 1').get(hash) !== undefined;
}

/** Bytes that are promised to blobs. */
export function blobBytes(sql: Sql): number {
  return Number(sql('SELECT total(size) AS bytes FROM blob').get()?.['bytes']);
}

function blobRow(row: Record<string, unknown>): BlobRow {
  const { id, account_id: accountId, size, hash, ttl_ms: ttlMs, expires_at: expiresAt, is_whole: isWhole } = row;
  return {
    id: id instanceof Uint8Array ? id : new Uint8Array(),
    accountId: accountId instanceof Uint8Array ? accountId : new Uint8Array(),
    size: Number(size),
    hash: hash instanceof Uint8Array ? hash : new Uint8Array(),
    ttlMs: Number(ttlMs),
    expiresAt: Number(expiresAt),
    isWhole: isWhole === 1,
  };
}
