/** The record nonce: `uint32 epoch ‖ uint64 counter`, big-endian (docs/protocols/records.md §2). */

/** Where a direction stands: which epoch, and how many records of it are done. */
export interface RecordPosition {
  readonly epoch: number;
  readonly records: number;
}

/** Where every direction begins. */
export const FIRST_RECORD: RecordPosition = { epoch: 0, records: 0 };

/** Writes the 12 bytes at `offset`. The counter stays below 2^24, so its upper five bytes are zero. */
export function writeNonce(target: Uint8Array, offset: number, epoch: number, counter: number): void {
  target[offset] = epoch >>> 24;
  target[offset + 1] = epoch >>> 16;
  target[offset + 2] = epoch >>> 8;
  target[offset + 3] = epoch;
  target.fill(0, offset + 4, offset + 8);
  target[offset + 8] = counter >>> 24;
  target[offset + 9] = counter >>> 16;
  target[offset + 10] = counter >>> 8;
  target[offset + 11] = counter;
}

/** Whether the 12 bytes at `offset` are the nonce of this epoch and counter. */
export function isNonce(bytes: Uint8Array, offset: number, epoch: number, counter: number): boolean {
  return (
    uint32At(bytes, offset) === epoch && uint32At(bytes, offset + 4) === 0 && uint32At(bytes, offset + 8) === counter
  );
}

function uint32At(bytes: Uint8Array, offset: number): number {
  return ((bytes[offset]! << 24) | (bytes[offset + 1]! << 16) | (bytes[offset + 2]! << 8) | bytes[offset + 3]!) >>> 0;
}
