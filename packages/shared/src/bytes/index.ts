/** Bytes: compare, join, wipe, text forms, and the growable writer. */
export { concat, equalBytes, wipe } from './bytes.ts';
export { escapeText, fromBase64, fromHex, toBase64, toBase64Url, toHex, utf8Decode, utf8Encode } from './text.ts';
export { ByteWriter } from './byte-writer.ts';
export { WriterPool } from './writer-pool.ts';
