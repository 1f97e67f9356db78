/** What tells two events of one id apart: a hash over everything that their receivers see. */
import { concat, utf8Encode } from '@sealane/shared/bytes';
import { nativeCrypto } from '@sealane/shared/crypto-native';
import type { OutgoingEvent } from './outbox.ts';

/** SHA-256, 32 bytes, over address, content type and body, each text with its length in front. */
export function contentHash(event: OutgoingEvent): Uint8Array {
  const head = JSON.stringify([event.to, event.contentType, event.ttlMs, event.delayMs]);
  return nativeCrypto.sha256(concat(utf8Encode(`${head.length} ${head}`), event.body));
}
