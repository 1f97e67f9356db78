/** What all signed documents share: the domain-separated signature at their end, and their times. */
import { concat, utf8Encode, type ByteWriter } from '../bytes/index.ts';
import { SIZES, type Crypto, type DocumentSigner } from '../crypto/index.ts';

/** Bytes of the Ed25519 signature at the end of every document. */
export const SIGNATURE_BYTES = SIZES.ed25519Signature;

/** `body` followed by its signature: Ed25519 over domain ‖ 0x00 ‖ body. */
export function signDocument(domain: string, body: Uint8Array, signer: DocumentSigner): Uint8Array {
  return concat(body, signer.sign(signedMessage(domain, body)));
}

/** Whether `document` ends with the signature of its body by `signingPublicKey` (32 bytes). Never throws. */
export function isSignedBy(
  crypto: Crypto,
  domain: string,
  document: Uint8Array,
  signingPublicKey: Uint8Array,
): boolean {
  if (document.length < SIGNATURE_BYTES) return false;
  const body = document.subarray(0, document.length - SIGNATURE_BYTES);
  const signature = document.subarray(document.length - SIGNATURE_BYTES);
  return crypto.ed25519Verify(signingPublicKey, signedMessage(domain, body), signature);
}

/** Writes a time of a document as a big-endian u64. @throws RangeError for what is not whole unix seconds from 0. */
export function writeSeconds(writer: ByteWriter, name: string, seconds: number): void {
  if (!Number.isSafeInteger(seconds) || seconds < 0)
    throw new RangeError(`"${name}" expected unix seconds, got ${seconds}`);
  writer.u32(Math.floor(seconds / 0x1_0000_0000)).u32(seconds % 0x1_0000_0000);
}

// The zero byte ends the domain, so that no domain is the beginning of another's message.
function signedMessage(domain: string, body: Uint8Array): Uint8Array {
  return concat(utf8Encode(domain), Uint8Array.of(0), body);
}
