/** Text forms of bytes: UTF-8, hexadecimal, base64, and the form in which a peer's text is shown. */

const encoder = new TextEncoder();
const strictDecoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** UTF-8 bytes of a string. Lone surrogates become U+FFFD, as the Encoding Standard says. */
export function utf8Encode(text: string): Uint8Array {
  return encoder.encode(text);
}

/** The string of UTF-8 bytes, a byte order mark kept. @returns undefined where they are not valid UTF-8. */
export function utf8Decode(bytes: Uint8Array): string | undefined {
  try {
    return strictDecoder.decode(bytes);
  } catch {
    return undefined;
  }
}

/** Lower-case hexadecimal, two digits a byte. */
export function toHex(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += byte.toString(16).padStart(2, '0');
  return text;
}

/** Bytes of hexadecimal digits in either case. @returns undefined where the text is not hexadecimal of even length. */
export function fromHex(text: string): Uint8Array | undefined {
  if (text.length % 2 !== 0 || !/^[0-9a-fA-F]*$/.test(text)) return undefined;
  const bytes = new Uint8Array(text.length / 2);
  for (let index = 0; index < bytes.length; index++)
    bytes[index] = Number.parseInt(text.slice(index * 2, index * 2 + 2), 16);
  return bytes;
}

/** Base64 of RFC 4648 §4 without padding. */
export function toBase64(bytes: Uint8Array): string {
  let binary = '';
  for (const byte of bytes) binary += String.fromCharCode(byte);
  return btoa(binary).replace(/=+$/, '');
}

/** URL-safe base64 of RFC 4648 §5 without padding. */
export function toBase64Url(bytes: Uint8Array): string {
  return toBase64(bytes).replaceAll('+', '-').replaceAll('/', '_');
}

/**
 * Reads base64 in either alphabet, with or without padding.
 *
 * @returns the bytes, or undefined where the text is not the canonical encoding of any bytes.
 */
export function fromBase64(text: string): Uint8Array | undefined {
  const plain = text
    .replace(/={1,2}$/, '')
    .replaceAll('-', '+')
    .replaceAll('_', '/');
  if (!/^[A-Za-z0-9+/]*$/.test(plain) || plain.length % 4 === 1) return undefined;
  const binary = atob(plain);
  const bytes = Uint8Array.from(binary, (character) => character.charCodeAt(0));
  return toBase64(bytes) === plain ? bytes : undefined;
}

/**
 * Everything that could move a cursor, hide text or turn it around: controls (C0, DEL, C1), formats (bidi controls,
 * zero-width characters, byte order mark), line and paragraph separators, lone surrogates.
 */
const UNSAFE_TO_SHOW = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu;

/**
 * A peer's text in the form in which it may be shown on a terminal or in a log: what could act on the terminal
 * stands as `\u{…}`. One line, whatever it held.
 */
export function escapeText(text: string): string {
  return text.replace(UNSAFE_TO_SHOW, (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`);
}
