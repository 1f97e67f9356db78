/** Calls of groups and messages (docs/protocols/messaging.md §6, §7). */
import { utf8Encode } from '@sealane/shared/bytes';
import { encodeItem } from '@sealane/shared/items';
import type { GroupCommit, GroupQuery, GroupSend, GroupState, Stored } from '@sealane/shared/packets';
import { CallError } from '../call-error.ts';
import type { ActingDevice } from '../devices.ts';
import type { Groups } from '../groups/groups.ts';
import { encodeContent } from '../queues/encode-pending-item.ts';
import type { Content, KeptCommit } from '../store/group-tables.ts';
import { agentIdsOf, type CallHandlers } from './call-handler.ts';

export interface GroupServices {
  readonly groups: Groups;
}

export const GROUP_CALLS: CallHandlers<GroupServices, 0x4d | 0x4e | 0x50> = {
  0x4d: commit,
  0x4e: send,
  0x50: query,
};

async function commit({ groups }: GroupServices, device: ActingDevice, packet: GroupCommit): Promise<Stored> {
  const { call, group, epoch, write, messageId, groupInfoBlob, added, removed, isExternal } = packet;
  const welcome = contentOf(packet.welcome, packet.welcomeBlob);
  const answer = await groups.commit(device, {
    group: group.slice(),
    epoch,
    write,
    messageId: messageId.slice(),
    commit: contentOf(packet.commit, packet.commitBlob),
    welcome: welcome.body === null && welcome.blob === null ? null : welcome,
    groupInfo: groupInfoBlob?.slice() ?? null,
    added: agentIdsOf(added),
    removed: agentIdsOf(removed),
    isExternal,
  });
  return { id: 0x4f, call, ...answer };
}

async function send({ groups }: GroupServices, device: ActingDevice, packet: GroupSend): Promise<Stored> {
  const { call, epoch, write, ttlMs, isTransient } = packet;
  const [group, messageId, body] = [packet.group.slice(), packet.messageId.slice(), packet.body.slice()];
  // A transient message is no write of the device.
  if (isTransient !== (write === 0)) throw new CallError('E_BAD_REQUEST');
  if (isTransient) {
    const at = await groups.transmit(device, { group, epoch, body });
    return { id: 0x4f, call, sequence: 0, epoch, at };
  }
  return { id: 0x4f, call, ...(await groups.send(device, { group, epoch, write, messageId, body, ttlMs })) };
}

async function query({ groups }: GroupServices, device: ActingDevice, packet: GroupQuery): Promise<GroupState> {
  const { call, fromEpoch } = packet;
  const group = packet.group.slice();
  const { epoch, groupInfo, commits, devices } = await groups.query(device, group, fromEpoch);
  return {
    id: 0x51,
    call,
    epoch,
    commits: commits.map((kept) => itemOf(group, kept)),
    groupInfoBlob: groupInfo,
    devices: devices.map(utf8Encode),
  };
}

/** A commit as the queue of a device has it. */
function itemOf(group: Uint8Array, kept: KeptCommit): Uint8Array {
  const { epoch, sequence, messageId, at } = kept;
  return encodeItem({ kind: 'commit', at, group, epoch, messageId, sequence, ...encodeContent(kept) });
}

function contentOf(body: Uint8Array, blob: Uint8Array | null): Content {
  return { body: body.length === 0 ? null : body.slice(), blob: blob?.slice() ?? null };
}
