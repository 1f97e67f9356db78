/** What goes in clear, and authenticated, with every message and commit: of which epoch's state it comes. */
import { concat, equalBytes } from '@sealane/shared/bytes';

const VERSION = 0x01;

export function encodeAuthenticatedData(authenticator: Uint8Array): Uint8Array {
  return concat(Uint8Array.of(VERSION), authenticator);
}

export function isOfState(authenticatedData: Uint8Array, authenticator: Uint8Array): boolean {
  return equalBytes(authenticatedData, encodeAuthenticatedData(authenticator));
}
