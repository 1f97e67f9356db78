/**
 * Tables of key packages (docs/protocols/messaging.md §5): those that wait, in order, and the hashes of those that were
 * handed out, so that a repetition of their publishing does not bring one back.
 */
import type { Sql } from './sql.ts';

export const KEY_PACKAGE_TABLES = `
CREATE TABLE key_package (
  number INTEGER PRIMARY KEY AUTOINCREMENT, agent_id TEXT NOT NULL, hash BLOB NOT NULL, body BLOB,
  added_at INTEGER NOT NULL, UNIQUE (agent_id, hash)
) STRICT;
CREATE INDEX key_package_waiting ON key_package (agent_id, number) WHERE body IS NOT NULL;
CREATE TABLE last_resort (agent_id TEXT PRIMARY KEY, body BLOB NOT NULL) STRICT, WITHOUT ROWID;
`;

/** Hashes of key packages of one device that are kept after they were handed out. */
const USED_MAX = 1_024;

export interface KeyPackagesAsk {
  readonly agentId: string;
  readonly packages: readonly { readonly hash: Uint8Array; readonly body: Uint8Array }[];
  readonly lastResort: Uint8Array | null;
  readonly waitingMax: number;
  /** Wall clock ms. */
  readonly at: number;
  /** Those that were handed in by then are over. */
  readonly oldAt: number;
}

/** Takes key packages in. @returns how many wait; undefined when there would be too many, and nothing happened. */
export function addKeyPackages(sql: Sql, ask: KeyPackagesAsk): number | undefined {
  const { agentId, packages, lastResort, waitingMax, at, oldAt } = ask;
  const isKnown = sql('SELECT 1 FROM key_package WHERE agent_id = ? AND hash = ?');
  const fresh = new Map(packages.map((each) => [String(each.hash), each]));
  for (const [key, { hash }] of fresh) if (isKnown.get(agentId, hash) !== undefined) fresh.delete(key);
  if (countWaiting(sql, { agentId, oldAt }) + fresh.size > waitingMax) return undefined;
  const add = sql('INSERT INTO key_package (agent_id, hash, body, added_at) VALUES (?, ?, ?, ?)');
  for (const { hash, body } of fresh.values()) add.run(agentId, hash, body, at);
  if (lastResort !== null) sql('INSERT OR REPLACE INTO last_resort VALUES (?, ?)').run(agentId, lastResort);
  return countWaiting(sql, { agentId, oldAt });
}

/**
 * Takes one key package of each device, for good; the one of last resort where there is no other, or where only those
 * are given away.
 */
export function claimKeyPackages(
  sql: Sql,
  ask: { readonly devices: readonly string[]; readonly isLastResortOnly: boolean; readonly oldAt: number },
): readonly Uint8Array[] {
  return ask.devices.flatMap((agentId) => {
    const body = (ask.isLastResortOnly ? undefined : take(sql, agentId, ask.oldAt)) ?? lastResortOf(sql, agentId);
    return body === undefined ? [] : [body];
  });
}

export function countWaiting(
  sql: Sql,
  { agentId, oldAt }: { readonly agentId: string; readonly oldAt: number },
): number {
  dropOld(sql, agentId, oldAt);
  const row = sql('SELECT count(*) AS count FROM key_package WHERE agent_id = ? AND body IS NOT NULL').get(agentId);
  return Number(row?.['count']);
}

/** A device is revoked: nothing of it is handed out any more. What was stays known: listed anew, it brings none of them back. */
export function dropKeyPackages(sql: Sql, agentId: string): void {
  sql('DELETE FROM key_package WHERE agent_id = ? AND body IS NOT NULL').run(agentId);
  sql('DELETE FROM last_resort WHERE agent_id = ?').run(agentId);
}

/** Nobody takes those that are over; that they were here stays known, so that none comes back. */
function dropOld(sql: Sql, agentId: string, oldAt: number): void {
  sql('UPDATE key_package SET body = NULL WHERE agent_id = ? AND body IS NOT NULL AND added_at <= ?').run(
    agentId,
    oldAt,
  );
  forgetUsed(sql, agentId);
}

function take(sql: Sql, agentId: string, oldAt: number): Uint8Array | undefined {
  dropOld(sql, agentId, oldAt);
  const row = sql(`SELECT number, body FROM key_package WHERE agent_id = ? AND body IS NOT NULL
    ORDER BY number LIMIT 1`).get(agentId);
  const body = row?.['body'];
  if (row === undefined || !(body instanceof Uint8Array)) return undefined;
  sql('UPDATE key_package SET body = NULL WHERE number = ?').run(Number(row['number']));
  forgetUsed(sql, agentId);
  return body;
}

function forgetUsed(sql: Sql, agentId: string): void {
  sql(`DELETE FROM key_package WHERE number IN (SELECT number FROM key_package WHERE agent_id = ? AND body IS NULL
    ORDER BY number DESC LIMIT -1 OFFSET ?)`).run(agentId, USED_MAX);
}

function lastResortOf(sql: Sql, agentId: string): Uint8Array | undefined {
  const body = sql('SELECT body FROM last_resort WHERE agent_id = ?').get(agentId)?.['body'];
  return body instanceof Uint8Array ? body : undefined;
}
