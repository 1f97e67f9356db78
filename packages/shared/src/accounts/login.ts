/** Login by signature (docs/protocols/messaging.md §3.3): a listed device signs the challenge of this server. */
import { concat, utf8Encode } from '../bytes/index.ts';
import { SIZES, expectSize, type Crypto, type DocumentSigner } from '../crypto/index.ts';
import { SIGNATURE_BYTES, isSignedBy, signDocument } from '../documents/index.ts';
import { CHALLENGE_BYTES } from '../packets/index.ts';

/** What is signed. */
export interface LoginClaim {
  /** X25519 public key of the server, 32 bytes: a challenge that was passed on by another server is worth nothing. */
  readonly serverKey: Uint8Array;
  /** 32 bytes of the server. */
  readonly challenge: Uint8Array;
  readonly username: string;
}

const DOMAIN = 'sealane login 1';

/**
 * The answer of a device to the challenge: its Ed25519 signature, 64 bytes.
 *
 * @throws RangeError for a server key or a challenge that is not 32 bytes.
 */
export function signLogin(claim: LoginClaim, signer: DocumentSigner): Uint8Array {
  return signDocument(DOMAIN, bodyOf(claim), signer).slice(-SIGNATURE_BYTES);
}

/** Whether `signature` is of this key over this claim. Never throws for a signature of a peer, whatever its bytes. */
export function isLoginSignedBy(
  crypto: Crypto,
  claim: LoginClaim,
  { signature, signingKey }: { readonly signature: Uint8Array; readonly signingKey: Uint8Array },
): boolean {
  if (signature.length !== SIGNATURE_BYTES) return false;
  return isSignedBy(crypto, DOMAIN, concat(bodyOf(claim), signature), signingKey);
}

function bodyOf({ serverKey, challenge, username }: LoginClaim): Uint8Array {
  expectSize('serverKey', serverKey, SIZES.x25519Key);
  expectSize('challenge', challenge, CHALLENGE_BYTES);
  return concat(serverKey, challenge, utf8Encode(username));
}
