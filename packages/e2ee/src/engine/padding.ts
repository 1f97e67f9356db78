/** Sizes of sealed messages: 256 bytes at least, then PADME, which shows some bits of the size and costs 12 % at most. */

const SIZE_MIN = 256;

/** Size to which `size` bytes are padded (PADME: Nikitin et al., PETS 2019, §4). */
export function paddedSize(size: number): number {
  if (size <= SIZE_MIN) return SIZE_MIN;
  const exponent = Math.floor(Math.log2(size));
  const zeroBits = exponent - (Math.floor(Math.log2(exponent)) + 1);
  const step = 2 ** zeroBits;
  return Math.ceil(size / step) * step;
}
