/** inspectKeyPackage: for whoever asked the server for a key package of a certain account. */
import { decodeMessage, memberOf, suiteNameOf, type SuiteName } from '../mls/index.ts';
import { LAST_RESORT_EXTENSION } from './key-packages.ts';
import { isTooLong } from './policy.ts';
import type { Sender } from './types.ts';

/** What a key package says of its device and of itself. */
export interface KeyPackageClaims extends Sender {
  readonly username: string;
  /** Ed25519 public key, 32 bytes. */
  readonly signatureKey: Uint8Array;
  readonly suite: SuiteName;
  readonly isLastResort: boolean;
  /** Unix seconds from which on no group takes it. */
  readonly notAfter: number;
}

/** Claims only: signatures are checked when it is added. Undefined for what no group of ours would take. */
export function inspectKeyPackage(bytes: Uint8Array): KeyPackageClaims | undefined {
  const keyPackage = decodeMessage(bytes, ['mls_key_package'])?.keyPackage;
  const suite = keyPackage === undefined ? undefined : suiteNameOf(keyPackage.cipherSuite);
  const member = keyPackage === undefined ? undefined : memberOf(keyPackage.leafNode, 0);
  if (keyPackage === undefined || suite === undefined || member === undefined) return undefined;
  if (isTooLong(keyPackage.leafNode)) return undefined;
  const { accountId, agentId, username, signatureKey } = member;
  const isLastResort = keyPackage.extensions.some(({ extensionType }) => extensionType === LAST_RESORT_EXTENSION);
  const notAfter = Number(keyPackage.leafNode.lifetime.notAfter);
  return { accountId, agentId, username, signatureKey, suite, isLastResort, notAfter };
}
