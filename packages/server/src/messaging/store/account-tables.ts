/**
 * Tables of accounts: the signed log of each, the devices that it lists, and its password. What a log says was
 * checked before it comes here; the step only sees to it that it is the next, and that log and transparency agree.
 */
import { bytesOf, isSame } from './row-bytes.ts';
import { closeSessions, hasSession } from './session-tables.ts';
import type { Sql } from './sql.ts';
import { writeNodes, type NodeRow } from './transparency-tables.ts';

export const ACCOUNT_TABLES = `
CREATE TABLE account (
  account_id BLOB PRIMARY KEY, username TEXT NOT NULL UNIQUE, password TEXT, visibility INTEGER NOT NULL,
  last_seen_at INTEGER NOT NULL, is_ended INTEGER NOT NULL, registered_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE statement (
  account_id BLOB NOT NULL, number INTEGER NOT NULL, bytes BLOB NOT NULL, entry INTEGER NOT NULL,
  PRIMARY KEY (account_id, number)
) STRICT, WITHOUT ROWID;
CREATE TABLE device (
  agent_id TEXT PRIMARY KEY, account_id BLOB NOT NULL, transport_key BLOB NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX device_by_account ON device (account_id);
CREATE TABLE follow_up (account_id BLOB PRIMARY KEY, since INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE registration_token (token_id BLOB PRIMARY KEY) STRICT, WITHOUT ROWID;
`;

/** An account as it is stored. */
export interface AccountRow {
  readonly accountId: Uint8Array;
  readonly username: string;
  readonly password: string | null;
  readonly visibility: number;
  readonly lastSeenAt: number;
  readonly isEnded: boolean;
  readonly statements: readonly Uint8Array[];
  /** Index of the newest statement in the log of transparency. */
  readonly entry: number;
}

/** A device as a log lists it now. */
export interface DeviceRow {
  readonly agentId: string;
  readonly transportKey: Uint8Array;
}

/** Statements that follow those which are stored. */
export interface NewStatements {
  readonly accountId: Uint8Array;
  /** Set for an account that is new. */
  readonly account:
    | {
        readonly username: string;
        readonly password: string | null;
        readonly at: number;
        readonly tokenId: Uint8Array | null;
      }
    | undefined;
  /** How many are stored. */
  readonly count: number;
  readonly statements: readonly Uint8Array[];
  /** All devices that are listed after them. */
  readonly devices: readonly DeviceRow[];
  readonly nodes: NodeRow;
}

/** `device-taken`: another account lists it. `device-unknown`: it has not shown that it wants to be listed here. */
export type StatementsOutcome =
  | 'stored'
  | 'conflict'
  | 'username-taken'
  | 'device-taken'
  | 'device-unknown'
  | 'token-used';

export function findAccount(
  sql: Sql,
  ask: { readonly username: string } | { readonly accountId: Uint8Array },
): AccountRow | undefined {
  const row =
    'username' in ask
      ? sql('SELECT * FROM account WHERE username = ?').get(ask.username)
      : sql('SELECT * FROM account WHERE account_id = ?').get(ask.accountId);
  if (row === undefined) return undefined;
  const accountId = bytesOf(row['account_id']);
  const statements = sql('SELECT bytes, entry FROM statement WHERE account_id = ? ORDER BY number').all(accountId);
  return {
    accountId,
    username: String(row['username']),
    password: row['password'] === null ? null : String(row['password']),
    visibility: Number(row['visibility']),
    lastSeenAt: Number(row['last_seen_at']),
    isEnded: row['is_ended'] === 1,
    statements: statements.map(({ bytes }) => bytesOf(bytes)),
    entry: Number(statements.at(-1)?.['entry'] ?? 0),
  };
}

/** Appends statements and their entries of the transparency log, both or neither. */
export function addStatements(sql: Sql, ask: NewStatements): StatementsOutcome {
  const { accountId, account, count, statements, devices, nodes } = ask;
  const stored = sql('SELECT count(*) AS count FROM statement WHERE account_id = ?').get(accountId);
  if (Number(stored?.['count']) !== count) return 'conflict';
  for (const device of devices) {
    const other = sql('SELECT account_id FROM device WHERE agent_id = ?').get(device.agentId);
    if (other !== undefined && !isSame(bytesOf(other['account_id']), accountId)) return 'device-taken';
    // The first device is the one that registers.
    if (other === undefined && account === undefined && !hasSession(sql, { ...device, accountId }))
      return 'device-unknown';
  }
  if (account !== undefined) {
    const { username, password, at, tokenId } = account;
    if (sql('SELECT 1 FROM account WHERE username = ?').get(username) !== undefined) return 'username-taken';
    if (tokenId !== null) {
      if (sql('SELECT 1 FROM registration_token WHERE token_id = ?').get(tokenId) !== undefined) return 'token-used';
      sql('INSERT INTO registration_token VALUES (?)').run(tokenId);
    }
    sql('INSERT INTO account VALUES (?, ?, ?, 1, 0, 0, ?)').run(accountId, username, password, at);
  }
  if (!writeNodes(sql, nodes)) throw new Error('the transparency log is written by one hand');
  const entry = nodes.treeSize - 1;
  for (const [index, bytes] of statements.entries())
    sql('INSERT INTO statement VALUES (?, ?, ?, ?)').run(accountId, count + index, bytes, entry);
  noteFollowUp(sql, accountId, count);
  endSessionsOfGone(sql, accountId, devices);
  sql('DELETE FROM device WHERE account_id = ?').run(accountId);
  for (const { agentId, transportKey } of devices)
    sql('INSERT INTO device VALUES (?, ?, ?)').run(agentId, accountId, transportKey);
  return 'stored';
}

/** Accounts whose last statements, or whose end, were not followed up; and how many statements were before that. */
export function dueFollowUps(sql: Sql): readonly { readonly accountId: Uint8Array; readonly since: number }[] {
  const rows = sql('SELECT account_id, since FROM follow_up').all();
  return rows.map((row) => ({ accountId: bytesOf(row['account_id']), since: Number(row['since']) }));
}

export function followedUp(sql: Sql, accountId: Uint8Array): void {
  sql('DELETE FROM follow_up WHERE account_id = ?').run(accountId);
}

/** The account whose log lists a device. */
export function deviceAccount(
  sql: Sql,
  agentId: string,
): { readonly accountId: Uint8Array; readonly transportKey: Uint8Array } | undefined {
  const row = sql(`SELECT device.account_id, transport_key FROM device JOIN account USING (account_id)
    WHERE agent_id = ? AND is_ended = 0`).get(agentId);
  if (row === undefined) return undefined;
  return { accountId: bytesOf(row['account_id']), transportKey: bytesOf(row['transport_key']) };
}

/** Names of accounts after one, in order. */
export function listUsernames(
  sql: Sql,
  { after, limit }: { readonly after: string; readonly limit: number },
): readonly string[] {
  const rows = sql('SELECT username FROM account WHERE username > ? AND is_ended = 0 ORDER BY username LIMIT ?');
  return rows.all(after, limit).map((row) => String(row['username']));
}

/** Changes the password, and ends every session but the one that did it. @returns the agents whose sessions ended. */
export function changePassword(
  sql: Sql,
  { accountId, password, by }: { readonly accountId: Uint8Array; readonly password: string; readonly by: string },
): readonly string[] {
  sql('UPDATE account SET password = ? WHERE account_id = ?').run(password, accountId);
  const ended = sql('DELETE FROM session WHERE account_id = ? AND agent_id <> ? RETURNING agent_id');
  return ended.all(accountId, by).map((row) => String(row['agent_id']));
}

/** Keeps the same password otherwise. @returns false where it was changed meanwhile. */
export function rehashPassword(
  sql: Sql,
  ask: { readonly accountId: Uint8Array; readonly before: string; readonly password: string },
): boolean {
  const { accountId, before, password } = ask;
  const update = sql('UPDATE account SET password = ? WHERE account_id = ? AND password = ?');
  return Number(update.run(password, accountId, before).changes) === 1;
}

export function setVisibility(
  sql: Sql,
  { accountId, visibility }: { readonly accountId: Uint8Array; readonly visibility: number },
): void {
  sql('UPDATE account SET visibility = ? WHERE account_id = ?').run(visibility, accountId);
}

export function noteSeen(sql: Sql, { accountId, at }: { readonly accountId: Uint8Array; readonly at: number }): void {
  sql('UPDATE account SET last_seen_at = max(last_seen_at, ?) WHERE account_id = ?').run(at, accountId);
}

/** Its log and its name stay, so that nobody else gets the name. @returns the agents whose sessions ended. */
export function endAccount(sql: Sql, accountId: Uint8Array): readonly string[] {
  sql('UPDATE account SET is_ended = 1, password = NULL WHERE account_id = ?').run(accountId);
  const count = sql('SELECT count(*) AS count FROM statement WHERE account_id = ?').get(accountId)?.['count'];
  noteFollowUp(sql, accountId, Number(count));
  sql('DELETE FROM device WHERE account_id = ?').run(accountId);
  return closeSessions(sql, { accountId });
}

export function countAccounts(sql: Sql): number {
  return Number(sql('SELECT count(*) AS count FROM account WHERE is_ended = 0').get()?.['count'] ?? 0);
}

/** One that is due already is from before. */
function noteFollowUp(sql: Sql, accountId: Uint8Array, since: number): void {
  sql('INSERT OR IGNORE INTO follow_up VALUES (?, ?)').run(accountId, since);
}

/** Sessions of devices that are listed no more end with the statement that revokes them. */
function endSessionsOfGone(sql: Sql, accountId: Uint8Array, devices: readonly DeviceRow[]): void {
  const left = new Set(devices.map(({ agentId }) => agentId));
  for (const row of sql('SELECT agent_id FROM device WHERE account_id = ?').all(accountId)) {
    const agentId = String(row['agent_id']);
    if (!left.has(agentId)) sql('DELETE FROM session WHERE agent_id = ? AND account_id = ?').run(agentId, accountId);
  }
}
