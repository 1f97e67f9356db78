/**
 * Writes to groups, each one step of one transaction (docs/protocols/messaging.md §6, §7): whether the device is listed and the
 * number of the write are judged first, then the epoch; what is promised to devices is written beside it.
 */
import { deviceAccount } from './account-tables.ts';
import {
  devicesOf,
  findGroup,
  hasAccount,
  isDeviceOf,
  receiversOf,
  type Content,
  type GroupDevice,
  type GroupRow,
} from './group-tables.ts';
import { addPending, type NewPendingItem, type PendingItem } from './pending-tables.ts';
import { isSame } from './row-bytes.ts';
import type { Sql } from './sql.ts';
import { knownWrite, noteWrite, type WriteAnswer, type WriteRefusal } from './write-tables.ts';

export interface GroupCommitAsk {
  readonly device: GroupDevice;
  readonly group: Uint8Array;
  readonly epoch: number;
  readonly write: number;
  readonly messageId: Uint8Array;
  readonly commit: Content;
  readonly welcome: Content | null;
  readonly groupInfo: Uint8Array | null;
  readonly added: readonly string[];
  readonly removed: readonly string[];
  readonly isExternal: boolean;
  readonly at: number;
  readonly expiresAt: number;
  readonly devicesMax: number;
  readonly groupsMax: number;
  readonly commitsMax: number;
}

export interface GroupSendAsk {
  readonly device: GroupDevice;
  readonly group: Uint8Array;
  readonly epoch: number;
  readonly write: number;
  readonly messageId: Uint8Array;
  readonly body: Uint8Array;
  readonly at: number;
  readonly expiresAt: number;
  /** Epochs before the present one in which messages may still be sealed. */
  readonly epochsBehindMax: number;
}

/** What became of a write. The items are those that wait to be published; of a repetition there are none. */
export type WriteResult =
  | { readonly status: 'stored'; readonly answer: WriteAnswer; readonly items: readonly PendingItem[] }
  | { readonly status: 'refused'; readonly code: WriteRefusal; readonly epoch: number };

type Refusal = Extract<WriteResult, { status: 'refused' }>;

/** Ends an epoch of a group, or makes it: the first commit for an epoch wins. */
export function commitGroup(sql: Sql, ask: GroupCommitAsk): WriteResult {
  if (!isListed(sql, ask.device)) return refusal('E_NOT_LISTED');
  const known = knownWrite(sql, ask);
  if (known !== undefined) return known;
  const added = listedDevices(sql, ask.added);
  if (added === undefined) return refusal('E_NOT_LISTED');
  const row = findGroup(sql, ask.group);
  const refused = row === undefined ? judgeNew(sql, ask) : judgeCommit(sql, ask, row);
  if (refused !== undefined) return refused;
  const answer = { sequence: (row?.sequence ?? 0) + 1, epoch: ask.epoch + 1, at: ask.at };
  const receivers = devicesOf(sql, ask.group).filter((agentId) => agentId !== ask.device.agentId);
  keepBlobs(sql, ask);
  moveGroup(sql, { ...ask, added }, answer);
  noteWrite(sql, ask, answer);
  return { status: 'stored', answer, items: itemsOf(sql, ask, answer, receivers) };
}

/** Takes a message for the devices of a group. */
export function sendToGroup(sql: Sql, ask: GroupSendAsk): WriteResult {
  if (!isListed(sql, ask.device)) return refusal('E_NOT_LISTED');
  const known = knownWrite(sql, ask);
  if (known !== undefined) return known;
  const { group, device, epoch, messageId, at, expiresAt, body } = ask;
  const row = findGroup(sql, group);
  if (row === undefined || !isDeviceOf(sql, group, device.agentId)) return refusal('E_NO_GROUP');
  if (epoch > row.epoch || epoch < row.epoch - ask.epochsBehindMax) return refusal('E_STALE_EPOCH', row.epoch);
  const answer = { sequence: row.sequence + 1, epoch: row.epoch, at };
  sql('UPDATE message_group SET sequence = ? WHERE id = ?').run(answer.sequence, group);
  noteWrite(sql, ask, answer);
  const recipients = receiversOf(sql, group, { except: device.agentId, epoch });
  const item = {
    kind: 'message' as const,
    group,
    epoch,
    messageId,
    sequence: answer.sequence,
    at,
    expiresAt,
    body,
    blob: null,
  };
  return { status: 'stored', answer, items: addPending(sql, [{ ...item, recipients }]) };
}

function judgeNew(sql: Sql, ask: GroupCommitAsk): Refusal | undefined {
  const { device, epoch, isExternal, removed, added, devicesMax, groupsMax } = ask;
  if (epoch !== 0 || isExternal || removed.length > 0) return refusal('E_NO_GROUP');
  const others = new Set(added.filter((agentId) => agentId !== device.agentId));
  if (others.size + 1 > devicesMax) return refusal('E_QUOTA');
  const row = sql('SELECT count(*) AS count FROM message_group WHERE creator = ?').get(device.accountId);
  if (Number(row?.['count']) >= groupsMax) return refusal('E_QUOTA');
  return areBlobsThere(sql, ask) ? undefined : refusal('E_BLOB_NOT_FOUND');
}

function judgeCommit(sql: Sql, ask: GroupCommitAsk, { epoch }: GroupRow): Refusal | undefined {
  const { group, device, added, removed, isExternal, devicesMax } = ask;
  const { agentId, accountId } = device;
  const isAllowed = isExternal ? hasAccount(sql, group, accountId) : isDeviceOf(sql, group, agentId);
  if (!isAllowed) return refusal('E_NO_GROUP');
  if (ask.epoch !== epoch) return refusal('E_STALE_EPOCH', epoch);
  const others = removed.filter((each) => each !== agentId);
  // An external commit is of one device, for itself (RFC 9420 §12.4.3.2); nobody removes itself otherwise (§12.2).
  if (isExternal ? added.length > 0 || others.length > 0 : others.length < removed.length)
    return refusal('E_BAD_REQUEST');
  const devices = new Set(devicesOf(sql, group));
  for (const each of removed) devices.delete(each);
  for (const each of added) devices.add(each);
  if (devices.size > devicesMax) return refusal('E_QUOTA');
  return areBlobsThere(sql, ask) ? undefined : refusal('E_BLOB_NOT_FOUND');
}

/** Whether the account lists the device now: what revokes it is a step of this file, too. */
function isListed(sql: Sql, { agentId, accountId }: GroupDevice): boolean {
  const listed = deviceAccount(sql, agentId);
  return listed !== undefined && isSame(listed.accountId, accountId);
}

/** Devices with their accounts; undefined where no account lists one of them. */
function listedDevices(sql: Sql, agentIds: readonly string[]): readonly GroupDevice[] | undefined {
  const devices: GroupDevice[] = [];
  for (const agentId of agentIds) {
    const listed = deviceAccount(sql, agentId);
    if (listed === undefined) return undefined;
    devices.push({ agentId, accountId: listed.accountId });
  }
  return devices;
}

/** Blobs that a commit names are there as a whole, and of the account that commits: it is their quota that they last at. */
function areBlobsThere(sql: Sql, ask: GroupCommitAsk): boolean {
  const find = sql('SELECT 1 FROM blob WHERE id = ? AND account_id = ? AND is_whole = 1');
  return blobsOf(ask).every((blob) => find.get(blob, ask.device.accountId) !== undefined);
}

/** They stay as long as its items wait. */
function keepBlobs(sql: Sql, ask: GroupCommitAsk): void {
  const keep = sql('UPDATE blob SET expires_at = max(expires_at, ?) WHERE id = ?');
  for (const blob of blobsOf(ask)) keep.run(ask.expiresAt, blob);
}

function blobsOf({ commit, welcome, groupInfo }: GroupCommitAsk): readonly Uint8Array[] {
  return [commit.blob, welcome?.blob ?? null, groupInfo].filter((blob) => blob !== null);
}

type CommitOfListed = Omit<GroupCommitAsk, 'added'> & { readonly added: readonly GroupDevice[] };

function moveGroup(sql: Sql, ask: CommitOfListed, { sequence, epoch, at }: WriteAnswer): void {
  const { group, device, added, removed, isExternal, commit, messageId, groupInfo, commitsMax } = ask;
  sql(`INSERT INTO message_group (id, epoch, sequence, creator, group_info) VALUES (?, ?, ?, ?, ?)
    ON CONFLICT (id) DO UPDATE SET epoch = excluded.epoch, sequence = excluded.sequence, group_info = excluded.group_info
    `).run(group, epoch, sequence, device.accountId, groupInfo);
  sql('INSERT INTO group_commit VALUES (?, ?, ?, ?, ?, ?, ?)').run(
    ...[group, ask.epoch, sequence, messageId, at, commit.body, commit.blob],
  );
  sql('DELETE FROM group_commit WHERE group_id = ? AND epoch < ?').run(group, epoch - commitsMax);
  const remove = sql('DELETE FROM group_device WHERE group_id = ? AND agent_id = ?');
  for (const agentId of isExternal ? [...removed, device.agentId] : removed) remove.run(group, agentId);
  const add = sql('INSERT OR IGNORE INTO group_device VALUES (?, ?, ?, ?)');
  for (const { agentId, accountId } of [...added, device]) add.run(group, agentId, accountId, epoch);
}

/** The commit for those who were there, the Welcome for those who come, and the end for those who go. */
function itemsOf(
  sql: Sql,
  ask: GroupCommitAsk,
  { sequence, epoch, at }: WriteAnswer,
  receivers: readonly string[],
): readonly PendingItem[] {
  const { group, messageId, expiresAt, commit, welcome, added, removed } = ask;
  const common = { group, messageId, sequence, at, expiresAt };
  const items: NewPendingItem[] = [{ ...common, ...commit, kind: 'commit', epoch: ask.epoch, recipients: receivers }];
  const coming = new Set(added);
  if (welcome !== null) items.push({ ...common, ...welcome, kind: 'welcome', epoch, recipients: [...coming] });
  const gone = receivers.filter((agentId) => removed.includes(agentId) && !coming.has(agentId));
  items.push({ ...common, kind: 'removed', epoch, body: null, blob: null, recipients: gone });
  return addPending(sql, items);
}

function refusal(code: WriteRefusal, epoch = 0): Refusal {
  return { status: 'refused', code, epoch };
}
