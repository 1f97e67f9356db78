/**
 * Padding that hides sizes: to 256 bytes, and above that to the sizes of PADMÉ (Nikitin, Barman, Lueks et al. 2019, §5), which cost at
 * most 12 % and leave O(log log) bits of the size.
 */

/** Smallest padded size. */
export const PADDED_BYTES_MIN = 256;
/** Largest padded content. */
export const PADDED_BYTES_MAX = 73_728;

// As in ISO/IEC 7816-4: a mark, and zeros behind it.
const MARK = 0x80;

/** The size that `size` bytes are padded to: at least 256. */
export function paddedSize(size: number): number {
  if (size <= PADDED_BYTES_MIN) return PADDED_BYTES_MIN;
  const exponent = Math.floor(Math.log2(size));
  const keptBits = Math.floor(Math.log2(exponent)) + 1;
  const step = 2 ** (exponent - keptBits);
  return Math.ceil(size / step) * step;
}

/** The bytes, a mark, and zeros. */
export function pad(bytes: Uint8Array): Uint8Array {
  const padded = new Uint8Array(paddedSize(bytes.length + 1));
  padded.set(bytes);
  padded[bytes.length] = MARK;
  return padded;
}

/** The bytes before the mark, as a view; undefined where there is none. */
export function unpad(padded: Uint8Array): Uint8Array | undefined {
  let end = padded.length - 1;
  while (end >= 0 && padded[end] === 0) end--;
  return padded[end] === MARK ? padded.subarray(0, end) : undefined;
}
