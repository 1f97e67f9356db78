/** Recognises what is not Sealane by its first bytes, so that the log can say which program knocks at the wrong door. */

export type Stranger = 'http' | 'tls' | 'ssh' | 'noise';

const HTTP = /^(GET|HEAD|POST|PUT|DELETE|OPTIONS|PATCH|TRACE|CONNECT|PRI) ?/;
const SAMPLE_BYTES = 8;

/**
 * @param bytes the first that came, at least one.
 * @returns undefined where they may be the start of a frame: before the handshake ends one has at most 4 KiB, so the first
 *   byte of its length is zero.
 */
export function strangerOf(bytes: Uint8Array): Stranger | undefined {
  if (bytes[0] === 0) return undefined;
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.length, SAMPLE_BYTES)).toString('latin1');
  if (HTTP.test(text)) return 'http';
  if (bytes[0] === 0x16 && (bytes.length < 2 || bytes[1] === 0x03)) return 'tls';
  return text.startsWith('SSH-') ? 'ssh' : 'noise';
}
