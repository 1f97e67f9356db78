/** UnsyncedDisk: a disk that says too early that it has written: after a crash it is as it was a while ago. For a planted bug. */
import type { MemoryDisk } from '@sealane/server/store';

type Kept = Pick<MemoryDisk, 'batches' | 'mark'> & {
  readonly maps: readonly (readonly [Map<string, unknown>, Map<string, unknown>])[];
};

export class UnsyncedDisk {
  readonly #disk: MemoryDisk;
  #kept: Kept;

  constructor(disk: MemoryDisk) {
    this.#disk = disk;
    this.#kept = this.#copy();
  }

  /** All of it is written now. */
  sync(): void {
    this.#kept = this.#copy();
  }

  /** Whatever was not written is gone. */
  crash(): void {
    const { batches, mark, maps } = this.#kept;
    this.#disk.batches = [...batches];
    this.#disk.mark = mark;
    for (const [map, kept] of maps) {
      map.clear();
      for (const [key, value] of kept) map.set(key, value);
    }
  }

  #copy(): Kept {
    const { batches, mark, rows, deadLetters, usage, lastSeen } = this.#disk;
    const maps = [rows, deadLetters, usage, lastSeen].map((map): [Map<string, unknown>, Map<string, unknown>] => [
      map,
      new Map<string, unknown>(map),
    ]);
    return { batches: [...batches], mark, maps };
  }
}
