/** Tables of sessions: who is logged in on which device, by what key (docs/protocols/messaging.md §3). */
import { bytesOf, isSame } from './row-bytes.ts';
import type { Sql } from './sql.ts';

export const SESSION_TABLES = `
CREATE TABLE session (
  agent_id TEXT PRIMARY KEY, account_id BLOB NOT NULL, session_id TEXT NOT NULL UNIQUE, refresh_id TEXT NOT NULL,
  expires_at INTEGER NOT NULL, transport_key BLOB NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX session_by_account ON session (account_id);
`;

/** A session of a device. */
export interface SessionRow {
  readonly agentId: string;
  readonly accountId: Uint8Array;
  readonly sessionId: string;
  readonly refreshId: string;
  readonly expiresAt: number;
  /** The key that its connection has proved. */
  readonly transportKey: Uint8Array;
}

/** What whoever opens a session has proved: it has to hold still when the session opens. */
export type SessionProof =
  | { readonly kind: 'password'; /** As it was kept. */ readonly password: string }
  /** To be the device that the log lists. */
  | { readonly kind: 'device' };

/** A device logs in: its session of before ends. @returns false where what it proved holds no more. */
export function openSession(sql: Sql, session: SessionRow & { readonly proof: SessionProof }): boolean {
  const { agentId, accountId, sessionId, refreshId, expiresAt, transportKey, proof } = session;
  if (!holds(sql, session, proof)) return false;
  sql('INSERT OR REPLACE INTO session VALUES (?, ?, ?, ?, ?, ?)').run(
    ...[agentId, accountId, sessionId, refreshId, expiresAt, transportKey],
  );
  return true;
}

/** A session that has not ended at `at`. */
export function findSession(
  sql: Sql,
  ask: ({ readonly agentId: string } | { readonly sessionId: string }) & { readonly at: number },
): SessionRow | undefined {
  const row =
    'agentId' in ask
      ? sql('SELECT * FROM session WHERE agent_id = ? AND expires_at > ?').get(ask.agentId, ask.at)
      : sql('SELECT * FROM session WHERE session_id = ? AND expires_at > ?').get(ask.sessionId, ask.at);
  if (row === undefined) return undefined;
  return {
    agentId: String(row['agent_id']),
    accountId: bytesOf(row['account_id']),
    sessionId: String(row['session_id']),
    refreshId: String(row['refresh_id']),
    expiresAt: Number(row['expires_at']),
    transportKey: bytesOf(row['transport_key']),
  };
}

/** Drops what has ended by itself. */
export function sweepSessions(sql: Sql, at: number): void {
  sql('DELETE FROM session WHERE expires_at <= ?').run(at);
}

/** The next refresh token of a session takes the place of one. @returns false where that one does not count any more. */
export function renewSession(
  sql: Sql,
  ask: {
    readonly sessionId: string;
    readonly refreshId: string;
    readonly nextRefreshId: string;
    readonly expiresAt: number;
  },
): boolean {
  const { changes } = sql(`UPDATE session SET refresh_id = ?, expires_at = ?
    WHERE session_id = ? AND refresh_id = ?`).run(ask.nextRefreshId, ask.expiresAt, ask.sessionId, ask.refreshId);
  return Number(changes) === 1;
}

/** @returns the agents whose sessions ended. */
export function closeSessions(
  sql: Sql,
  ask: { readonly agentId: string } | { readonly accountId: Uint8Array } | { readonly sessionId: string },
): readonly string[] {
  return endedBy(sql, ask).map((row) => String(row['agent_id']));
}

function endedBy(sql: Sql, ask: Parameters<typeof closeSessions>[1]) {
  if ('agentId' in ask) return sql('DELETE FROM session WHERE agent_id = ? RETURNING agent_id').all(ask.agentId);
  if ('accountId' in ask) return sql('DELETE FROM session WHERE account_id = ? RETURNING agent_id').all(ask.accountId);
  return sql('DELETE FROM session WHERE session_id = ? RETURNING agent_id').all(ask.sessionId);
}

/** Whether a device is logged in to an account, with the key that it is to be listed with: else it is somebody else's. */
export function hasSession(
  sql: Sql,
  { agentId, accountId, transportKey }: Pick<SessionRow, 'agentId' | 'accountId' | 'transportKey'>,
): boolean {
  const session = sql('SELECT account_id, transport_key FROM session WHERE agent_id = ?').get(agentId);
  if (session === undefined) return false;
  return isSame(bytesOf(session['account_id']), accountId) && isSame(bytesOf(session['transport_key']), transportKey);
}

function holds(sql: Sql, { agentId, accountId, transportKey }: SessionRow, proof: SessionProof): boolean {
  if (proof.kind === 'password') {
    const row = sql('SELECT password FROM account WHERE account_id = ? AND is_ended = 0').get(accountId);
    return row?.['password'] === proof.password;
  }
  const device = sql('SELECT 1 FROM device WHERE agent_id = ? AND account_id = ? AND transport_key = ?');
  return device.get(agentId, accountId, transportKey) !== undefined;
}
