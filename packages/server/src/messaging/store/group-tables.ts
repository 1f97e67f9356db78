/**
 * Tables of groups: how far each is, the devices that committers named, and the commits that a device may ask for again.
 * How a group moves on stands in `group-writes.ts`.
 */
import type { Sql } from './sql.ts';

export const GROUP_TABLES = `
CREATE TABLE message_group (
  id BLOB PRIMARY KEY, epoch INTEGER NOT NULL, sequence INTEGER NOT NULL, creator BLOB NOT NULL, group_info BLOB
) STRICT, WITHOUT ROWID;
CREATE INDEX message_group_creator ON message_group (creator);
CREATE TABLE group_device (
  group_id BLOB NOT NULL, agent_id TEXT NOT NULL, account_id BLOB NOT NULL, since_epoch INTEGER NOT NULL,
  PRIMARY KEY (group_id, agent_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX group_device_agent ON group_device (agent_id);
CREATE INDEX group_device_account ON group_device (account_id, group_id);
CREATE TABLE group_commit (
  group_id BLOB NOT NULL, epoch INTEGER NOT NULL, sequence INTEGER NOT NULL, message_id BLOB NOT NULL,
  at INTEGER NOT NULL, body BLOB, blob BLOB, PRIMARY KEY (group_id, epoch)
) STRICT, WITHOUT ROWID;
CREATE INDEX group_commit_at ON group_commit (at);
`;

/** A device that acts, or is named, with the account that lists it. */
export interface GroupDevice {
  readonly agentId: string;
  readonly accountId: Uint8Array;
}

/** What an item carries: the bytes themselves, or the blob that holds them. */
export interface Content {
  readonly body: Uint8Array | null;
  readonly blob: Uint8Array | null;
}

/** How far a group is. */
export interface GroupRow {
  readonly epoch: number;
  readonly sequence: number;
}

export interface GroupQueryAsk {
  readonly device: GroupDevice;
  readonly group: Uint8Array;
  readonly fromEpoch: number;
  readonly commitsMax: number;
  readonly bytesMax: number;
}

/** A commit as it is kept. */
export interface KeptCommit extends Content {
  /** The epoch that it ended. */
  readonly epoch: number;
  readonly sequence: number;
  readonly messageId: Uint8Array;
  readonly at: number;
}

export interface GroupView {
  readonly epoch: number;
  readonly groupInfo: Uint8Array | null;
  readonly commits: readonly KeptCommit[];
  readonly devices: readonly string[];
}

/** Who gets a message that is not stored; undefined where the device may not send it. */
export function transientReceivers(
  sql: Sql,
  ask: { readonly device: GroupDevice; readonly group: Uint8Array; readonly epoch: number },
): readonly string[] | undefined {
  const { group, device, epoch } = ask;
  if (!isDeviceOf(sql, group, device.agentId)) return undefined;
  return receiversOf(sql, group, { except: device.agentId, epoch });
}

/** How far a group is; undefined for those who have no part in it. */
export function queryGroup(sql: Sql, ask: GroupQueryAsk): GroupView | undefined {
  const { group, device, fromEpoch, commitsMax, bytesMax } = ask;
  const row = findGroup(sql, group);
  if (row === undefined) return undefined;
  if (!isDeviceOf(sql, group, device.agentId) && !hasAccount(sql, group, device.accountId)) return undefined;
  const found = sql(`SELECT epoch, sequence, message_id, at, body, blob FROM group_commit
    WHERE group_id = ? AND epoch >= ? ORDER BY epoch LIMIT ?`).iterate(group, fromEpoch, commitsMax);
  const commits: KeptCommit[] = [];
  let bytes = 0;
  for (const each of found) {
    const commit = keptCommit(each);
    bytes += commit.body?.length ?? 0;
    if (commits.length > 0 && bytes > bytesMax) break;
    commits.push(commit);
  }
  const info = sql('SELECT group_info FROM message_group WHERE id = ?').get(group)?.['group_info'];
  return {
    epoch: row.epoch,
    groupInfo: info instanceof Uint8Array ? info : null,
    commits,
    devices: devicesOf(sql, group),
  };
}

/** A device is revoked: it belongs to no group any more, and what it wrote is forgotten. @returns groups that ended. */
export function dropDevice(sql: Sql, agentId: string): number {
  const groups = sql('SELECT group_id FROM group_device WHERE agent_id = ?').all(agentId);
  sql('DELETE FROM group_device WHERE agent_id = ?').run(agentId);
  sql('DELETE FROM device_answer WHERE agent_id = ?').run(agentId);
  sql('DELETE FROM device_write WHERE agent_id = ?').run(agentId);
  let ended = 0;
  for (const { group_id: group } of groups) {
    if (!(group instanceof Uint8Array) || devicesOf(sql, group).length > 0) continue;
    sql('DELETE FROM group_commit WHERE group_id = ?').run(group);
    sql('DELETE FROM message_group WHERE id = ?').run(group);
    ended += 1;
  }
  return ended;
}

/** Devices that are in a group with an account, its own among them. */
export function devicesAround(sql: Sql, accountId: Uint8Array): readonly string[] {
  return sql(`SELECT DISTINCT other.agent_id FROM group_device AS own
    JOIN group_device AS other ON other.group_id = own.group_id WHERE own.account_id = ?`)
    .all(accountId)
    .map((row) => String(row['agent_id']));
}

/** Whether two accounts are in a group together. */
export function shareGroup(sql: Sql, ask: { readonly left: Uint8Array; readonly right: Uint8Array }): boolean {
  const row = sql(`SELECT 1 FROM group_device AS one WHERE one.account_id = ? AND EXISTS
    (SELECT 1 FROM group_device AS other WHERE other.account_id = ? AND other.group_id = one.group_id) LIMIT 1`);
  return row.get(ask.left, ask.right) !== undefined;
}

/** Drops commits that are older than anybody may ask for. @returns how many. */
export function sweepCommits(sql: Sql, ask: { readonly before: number; readonly limit: number }): number {
  const { changes } = sql(`DELETE FROM group_commit WHERE (group_id, epoch) IN
    (SELECT group_id, epoch FROM group_commit WHERE at < ? ORDER BY at LIMIT ?)`).run(ask.before, ask.limit);
  return Number(changes);
}

export function countGroups(sql: Sql): number {
  return Number(sql('SELECT count(*) AS count FROM message_group').get()?.['count']);
}

export function findGroup(sql: Sql, group: Uint8Array): GroupRow | undefined {
  const row = sql('SELECT epoch, sequence FROM message_group WHERE id = ?').get(group);
  return row === undefined ? undefined : { epoch: Number(row['epoch']), sequence: Number(row['sequence']) };
}

export function devicesOf(sql: Sql, group: Uint8Array): string[] {
  const rows = sql('SELECT agent_id FROM group_device WHERE group_id = ? ORDER BY agent_id').all(group);
  return rows.map((row) => String(row['agent_id']));
}

/** Devices that were members in an epoch: those that came later could not read it. */
export function receiversOf(
  sql: Sql,
  group: Uint8Array,
  about: { readonly except: string; readonly epoch: number },
): string[] {
  const rows = sql(`SELECT agent_id FROM group_device WHERE group_id = ? AND agent_id <> ? AND since_epoch <= ?
    ORDER BY agent_id`).all(group, about.except, about.epoch);
  return rows.map((row) => String(row['agent_id']));
}

export function isDeviceOf(sql: Sql, group: Uint8Array, agentId: string): boolean {
  return sql('SELECT 1 FROM group_device WHERE group_id = ? AND agent_id = ?').get(group, agentId) !== undefined;
}

export function hasAccount(sql: Sql, group: Uint8Array, accountId: Uint8Array): boolean {
  const row = sql('SELECT 1 FROM group_device WHERE account_id = ? AND group_id = ? LIMIT 1').get(accountId, group);
  return row !== undefined;
}

function keptCommit(row: Record<string, unknown>): KeptCommit {
  const { epoch, sequence, message_id: messageId, at, body, blob } = row;
  return {
    epoch: Number(epoch),
    sequence: Number(sequence),
    messageId: messageId instanceof Uint8Array ? messageId : new Uint8Array(),
    at: Number(at),
    body: body instanceof Uint8Array ? body : null,
    blob: blob instanceof Uint8Array ? blob : null,
  };
}
