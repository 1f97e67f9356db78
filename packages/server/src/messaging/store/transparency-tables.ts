/** Tables of the transparency log: nodes of its tree and of its map, and how many entries it has; and the keys of tokens. */
import type { Sql } from './sql.ts';

export const TRANSPARENCY_TABLES = `
CREATE TABLE tree_node (address TEXT PRIMARY KEY, node BLOB NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE map_node (address TEXT PRIMARY KEY, node BLOB NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE tree (id INTEGER PRIMARY KEY CHECK (id = 1), size INTEGER NOT NULL) STRICT;
INSERT INTO tree VALUES (1, 0);
CREATE TABLE token_key (
  key_id TEXT PRIMARY KEY, secret BLOB NOT NULL, made_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
`;

export interface Node {
  readonly address: string;
  readonly node: Uint8Array;
}

/** What one entry more writes. */
export interface NodeRow {
  /** Entries after it. */
  readonly treeSize: number;
  readonly tree: readonly Node[];
  readonly map: readonly Node[];
}

export type NodeTable = 'tree' | 'map';

/** A key that signs tokens. */
export interface TokenKeyRow {
  readonly keyId: string;
  /** PKCS #8. */
  readonly secret: Uint8Array;
  readonly madeAt: number;
}

export function treeSize(sql: Sql): number {
  return Number(sql('SELECT size FROM tree').get()?.['size'] ?? 0);
}

export function readNode(
  sql: Sql,
  { table, address }: { readonly table: NodeTable; readonly address: string },
): Uint8Array | undefined {
  const text =
    table === 'tree' ? 'SELECT node FROM tree_node WHERE address = ?' : 'SELECT node FROM map_node WHERE address = ?';
  const node = sql(text).get(address)?.['node'];
  return node instanceof Uint8Array ? node : undefined;
}

/** @returns false where the log has another size than this entry follows. */
export function writeNodes(sql: Sql, { treeSize: size, tree, map }: NodeRow): boolean {
  if (treeSize(sql) !== size - 1) return false;
  for (const { address, node } of tree) sql('INSERT OR REPLACE INTO tree_node VALUES (?, ?)').run(address, node);
  for (const { address, node } of map) sql('INSERT OR REPLACE INTO map_node VALUES (?, ?)').run(address, node);
  sql('UPDATE tree SET size = ?').run(size);
  return true;
}

/** The keys of tokens, the newest first. */
export function tokenKeys(sql: Sql): readonly TokenKeyRow[] {
  return sql('SELECT * FROM token_key ORDER BY made_at DESC, key_id')
    .all()
    .map((row) => ({
      keyId: String(row['key_id']),
      secret: row['secret'] instanceof Uint8Array ? row['secret'] : new Uint8Array(0),
      madeAt: Number(row['made_at']),
    }));
}

/** Adds one; those that were made before `droppedBefore` go. */
export function addTokenKey(sql: Sql, ask: TokenKeyRow & { readonly droppedBefore: number }): void {
  sql('DELETE FROM token_key WHERE made_at < ?').run(ask.droppedBefore);
  sql('INSERT INTO token_key VALUES (?, ?, ?)').run(ask.keyId, ask.secret, ask.madeAt);
}
