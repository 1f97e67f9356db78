/**
 * RowTable: which batches lie in the log, and how much of each is still held. A batch that nothing refers to, and that no
 * replay needs, can be trimmed.
 */

interface Columns {
  position: Float64Array<ArrayBuffer>;
  bytes: Uint32Array<ArrayBuffer>;
  liveCount: Uint32Array<ArrayBuffer>;
  liveBytes: Uint32Array<ArrayBuffer>;
}

const CAPACITY_MIN = 1_024;
/** Marks a row that was trimmed, until the table is packed. */
const GONE = 0xffff_ffff;

export class RowTable {
  #columns: Columns = makeColumns(CAPACITY_MIN);
  #from = 0;
  #to = 0;
  #goneCount = 0;
  /** Row that was looked for last. */
  #hint = 0;
  /** Batches before this position are not replayed. */
  #replayFrom = 0;
  #trimmable: number[] = [];
  recordBytes = 0;
  liveBytes = 0;

  /** A batch begins; records are held in it from now on. */
  open(position: number): void {
    if (this.#to >= this.#columns.position.length) this.#makeRoom();
    const row = this.#to++;
    this.#columns.position[row] = position;
    this.#columns.bytes[row] = 0;
    this.#columns.liveCount[row] = 0;
    this.#columns.liveBytes[row] = 0;
  }

  /** The last batch has its final size. */
  close(bytes: number): void {
    this.#columns.bytes[this.#to - 1] = bytes;
    this.recordBytes += bytes;
  }

  /** The last batch was empty and does not exist. */
  cancel(): void {
    this.#to -= 1;
  }

  hold(position: number, bytes: number): void {
    const row = this.#rowOf(position);
    if (row < 0) return;
    this.#columns.liveCount[row] = (this.#columns.liveCount[row] ?? 0) + 1;
    this.#columns.liveBytes[row] = (this.#columns.liveBytes[row] ?? 0) + bytes;
    this.liveBytes += bytes;
  }

  release(position: number, bytes: number): void {
    const row = this.#rowOf(position);
    const columns = this.#columns;
    const count = columns.liveCount[row] ?? 0;
    if (row < 0 || count === 0) return;
    columns.liveCount[row] = count - 1;
    columns.liveBytes[row] = (columns.liveBytes[row] ?? 0) - bytes;
    this.liveBytes -= bytes;
    const start = columns.position[row] ?? 0;
    if (count === 1 && start < this.#replayFrom) this.#trimmable.push(start);
  }

  /** Batches before `position` are not replayed any more. */
  setReplayFrom(position: number): void {
    const { position: positions, liveCount } = this.#columns;
    for (let row = this.#firstFrom(this.#replayFrom); row < this.#to; row++) {
      const start = positions[row] ?? 0;
      if (start >= position) break;
      if (liveCount[row] === 0) this.#trimmable.push(start);
    }
    this.#replayFrom = position;
  }

  /** Batches that can be trimmed now; they are gone from the table. */
  takeTrimmable(countMax: number): readonly number[] {
    if (this.#trimmable.length === 0) return [];
    const taken = this.#trimmable.splice(0, countMax);
    for (const position of taken) this.#remove(this.#rowOf(position));
    return taken;
  }

  /**
   * Batches of which at most the `share` is held, at most `countMax`: where they begin, and where the next one does. What is
   * held keeps its position when its batch is rewritten, so the size of a batch does not tell where it ends.
   */
  sparse(share: number, countMax: number): readonly { readonly position: number; readonly end: number }[] {
    const found = [];
    const { position, bytes, liveCount, liveBytes } = this.#columns;
    for (let row = this.#from; row < this.#to && found.length < countMax; row++) {
      const size = bytes[row] ?? 0;
      const start = position[row] ?? 0;
      if (start >= this.#replayFrom) break;
      const isHeld = liveCount[row] !== GONE && liveCount[row] !== 0;
      const end = row + 1 < this.#to ? (position[row + 1] ?? 0) : Number.POSITIVE_INFINITY;
      if (isHeld && (liveBytes[row] ?? 0) <= size * share) found.push({ position: start, end });
    }
    return found;
  }

  /** A batch was rewritten and is smaller now. */
  resize(position: number, bytes: number): void {
    const row = this.#rowOf(position);
    if (row < 0) return;
    this.recordBytes += bytes - (this.#columns.bytes[row] ?? 0);
    this.#columns.bytes[row] = bytes;
  }

  #remove(row: number): void {
    if (row < 0) return;
    this.recordBytes -= this.#columns.bytes[row] ?? 0;
    this.#columns.liveCount[row] = GONE;
    this.#goneCount += 1;
    while (this.#from < this.#to && this.#columns.liveCount[this.#from] === GONE) {
      this.#from += 1;
      this.#goneCount -= 1;
    }
  }

  /** The row of the batch that has a position; -1 where that is gone. */
  #rowOf(position: number): number {
    const { position: positions, liveCount } = this.#columns;
    let row = this.#hint;
    const next = positions[row + 1] ?? 0;
    const isHint =
      row >= this.#from &&
      row < this.#to &&
      (positions[row] ?? 0) <= position &&
      (row + 1 === this.#to || next > position);
    if (!isHint) row = this.#firstFrom(position + 1) - 1;
    if (row < this.#from || liveCount[row] === GONE) return -1;
    this.#hint = row;
    return row;
  }

  /** The first row at or after a position. */
  #firstFrom(position: number): number {
    let low = this.#from;
    let high = this.#to;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#columns.position[middle] ?? 0) < position) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #makeRoom(): void {
    const count = this.#to - this.#from - this.#goneCount;
    const old = this.#columns;
    const capacity = Math.max(
      CAPACITY_MIN,
      count * 2 > old.position.length ? old.position.length * 2 : old.position.length,
    );
    const columns = makeColumns(capacity);
    let to = 0;
    for (let row = this.#from; row < this.#to; row++) {
      if (old.liveCount[row] === GONE) continue;
      columns.position[to] = old.position[row] ?? 0;
      columns.bytes[to] = old.bytes[row] ?? 0;
      columns.liveCount[to] = old.liveCount[row] ?? 0;
      columns.liveBytes[to] = old.liveBytes[row] ?? 0;
      to += 1;
    }
    this.#columns = columns;
    this.#from = 0;
    this.#to = to;
    this.#hint = 0;
    this.#goneCount = 0;
  }
}

function makeColumns(capacity: number): Columns {
  return {
    position: new Float64Array(capacity),
    bytes: new Uint32Array(capacity),
    liveCount: new Uint32Array(capacity),
    liveBytes: new Uint32Array(capacity),
  };
}
