/** PEM of RFC 7468, as far as envelopes need it: one key, its label, base64 of its DER. */
import { fromBase64 } from '@sealane/shared/bytes';
import { paddedBase64 } from './padded-base64.ts';

/** Labels of the keys of envelopes. */
export type PemLabel = 'PUBLIC KEY' | 'PRIVATE KEY';

/** Characters of the longest text that is read: an RSA key of 8,192 bits takes 6,400. */
const TEXT_CHARS_MAX = 16_384;
const LINE_CHARS = 64;

/** Text with lines of 64 characters and a line end behind the last. */
export function encodePem(label: PemLabel, der: Uint8Array): string {
  const lines = paddedBase64(der).match(new RegExp(`.{1,${LINE_CHARS}}`, 'g')) ?? [];
  return [`-----BEGIN ${label}-----`, ...lines, `-----END ${label}-----`, ''].join('\n');
}

/** @returns the DER; also of bare base64, in which web clients send keys; undefined for anything else. */
export function decodePem(label: PemLabel, text: string): Uint8Array | undefined {
  if (text.length > TEXT_CHARS_MAX) return undefined;
  const trimmed = text.trim();
  const begin = `-----BEGIN ${label}-----`;
  const end = `-----END ${label}-----`;
  const isPem = trimmed.startsWith(begin) && trimmed.endsWith(end) && trimmed.length > begin.length + end.length;
  const body = isPem ? trimmed.slice(begin.length, -end.length) : trimmed;
  const der = fromBase64(body.replace(/\s/g, ''));
  return der === undefined || der.length === 0 ? undefined : der;
}
