/** CallHandler: what answers one packet of a device that is listed and logged in. Packets end here; services know none. */
import { utf8Decode } from '@sealane/shared/bytes';
import type { AnswerOf, CallId, CallOf } from '@sealane/shared/items';
import { CallError } from '../call-error.ts';
import type { ActingDevice } from '../devices.ts';

/**
 * @param packet its bytes are borrowed: what is kept is copied.
 * @throws CallError, StorageError: they become Call Failed.
 */
export type CallHandler<Services, Id extends CallId> = (
  services: Services,
  device: ActingDevice,
  packet: CallOf<Id>,
) => Promise<AnswerOf<Id>>;

/** A handler for each of some packets. */
export type CallHandlers<Services, Id extends CallId> = { readonly [Each in Id]: CallHandler<Services, Each> };

/** Agent ids of a packet. @throws CallError `E_BAD_REQUEST` for what is no text. */
export function agentIdsOf(list: readonly Uint8Array[]): readonly string[] {
  return list.map((bytes) => {
    const agentId = utf8Decode(bytes);
    if (agentId === undefined) throw new CallError('E_BAD_REQUEST');
    return agentId;
  });
}
