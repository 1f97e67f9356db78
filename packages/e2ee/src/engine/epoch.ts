/** Epochs as they are kept: what reading and writing their messages takes, but for the ratchets. */
import { GROUP_ID_BYTES } from '@sealane/shared/packets';
import { type GroupContext } from 'ts-mls';
import type { Member } from '../mls/index.ts';

/** More commits than any group ever makes; a number above it would not fit the keys of rows for long. */
export const EPOCH_MAX = 2 ** 48;

/** An epoch whose messages can be read. The authenticator tells it from another epoch of the same number. */
export interface KeptEpoch {
  readonly epoch: number;
  readonly authenticator: Uint8Array;
}

/** It does not change while the epoch is kept. */
export interface EpochReader extends KeptEpoch {
  readonly context: GroupContext;
  readonly senderDataSecret: Uint8Array;
  /** By leaf index. */
  readonly members: ReadonlyMap<number, Member>;
}

/** Whether a group that somebody else describes has an id and an epoch that rows can have. */
export function isPlaceable({ groupId, epoch }: GroupContext): boolean {
  return groupId.length === GROUP_ID_BYTES && epoch <= BigInt(EPOCH_MAX);
}
