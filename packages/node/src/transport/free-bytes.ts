/**
 * Gives the memory of large byte strings back at once instead of at V8's next collection (docs/decisions/0008): the next
 * record then gets the same, warm memory. For bytes that nobody will look at again: read chunks once they are taken
 * apart, records once the socket has sent them. Never for what an application may hold.
 */

/** Smaller ones cost more to give back than they are worth. */
const FREED_BYTES_MIN = 4_096;

/**
 * glibc maps blocks from 128 KiB on one by one, and hands freed memory at the top of its heap back to the system; both
 * mean a page fault for every 4 KiB of the next record. Both thresholds follow the largest mapped block ever freed.
 */
const LARGEST_BLOCK_BYTES = 16 * 2 ** 20;

let isAllocatorWarm = false;

/**
 * Frees the memory of `bytes`, which becomes an empty array. Bytes that share their buffer with others, and short ones,
 * are left to the collector.
 *
 * @returns whether it was freed.
 */
export function freeBytes(bytes: Uint8Array): boolean {
  const { buffer } = bytes;
  if (bytes.length < FREED_BYTES_MIN || buffer.byteLength !== bytes.length) return false;
  if (!(buffer instanceof ArrayBuffer)) return false;
  if (!isAllocatorWarm) warmAllocator();
  buffer.transfer(0);
  return true;
}

/** Nothing of the block is touched, so it costs address space for a moment and no memory. */
function warmAllocator(): void {
  isAllocatorWarm = true;
  Buffer.allocUnsafeSlow(LARGEST_BLOCK_BYTES).buffer.transfer(0);
}
