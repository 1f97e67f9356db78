/** Epochs as they are kept: what reading and writing their messages takes, but for the ratchets. */
import { type GroupContext } from 'ts-mls';
import type { Member } from '../mls/index.ts';

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
