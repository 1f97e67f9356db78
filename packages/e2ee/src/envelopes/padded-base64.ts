/** Base64 of RFC 4648 §4 with its padding: what clients of other systems expect, some of which take nothing else. */
import { toBase64 } from '@sealane/shared/bytes';

export function paddedBase64(bytes: Uint8Array): string {
  const text = toBase64(bytes);
  return text.padEnd(Math.ceil(text.length / 4) * 4, '=');
}
