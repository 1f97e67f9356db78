/**
 * The identity in the MLS basic credential of a device (RFC 9420 §5.3). It names the device and proves nothing: that the
 * leaf's signature key is the one that the account's log lists is for `judgeDevice`.
 *
 *     version 0x01 (1) ‖ accountId (32) ‖ agentId (UTF-8, 1 to 64 bytes, to the end)
 */
import { concat, utf8Decode, utf8Encode } from '../bytes/index.ts';
import { SIZES, expectSize } from '../crypto/index.ts';
import { isAgentName } from '../documents/index.ts';
import { AGENT_ID_BYTES_MAX } from '../packets/index.ts';

/** Who a leaf of a group says that it is. */
export interface DeviceCredential {
  /** 32 bytes. */
  readonly accountId: Uint8Array;
  readonly agentId: string;
}

const VERSION = 0x01;
const AGENT_ID_OFFSET = 1 + SIZES.hash;

/**
 * The identity for the MLS basic credential of a device (RFC 9420 §5.3), 34 to 97 bytes.
 *
 * @throws RangeError for an account id that is not 32 bytes, or an id that is not one of an agent.
 */
export function encodeCredential({ accountId, agentId }: DeviceCredential): Uint8Array {
  expectSize('accountId', accountId, SIZES.hash);
  if (!isAgentName(agentId)) throw new RangeError('"agentId" is not the id of an agent');
  return concat(Uint8Array.of(VERSION), accountId, utf8Encode(agentId));
}

/** Reads what `encodeCredential` gives, copied. @returns undefined where they are not exactly one identity. */
export function decodeCredential(bytes: Uint8Array): DeviceCredential | undefined {
  if (bytes.length <= AGENT_ID_OFFSET || bytes.length > AGENT_ID_OFFSET + AGENT_ID_BYTES_MAX) return undefined;
  const agentId = utf8Decode(bytes.subarray(AGENT_ID_OFFSET));
  if (bytes[0] !== VERSION || agentId === undefined || !isAgentName(agentId)) return undefined;
  return { accountId: Uint8Array.from(bytes.subarray(1, AGENT_ID_OFFSET)), agentId };
}
