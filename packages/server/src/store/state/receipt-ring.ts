/**
 * ReceiptRing: receipts of one outbox that its agent may not know yet: number, position and content hash of each, numbers
 * ascending. 20 bytes a receipt; those that the agent knows leave at the front.
 */

/** What a repetition is answered with. */
export interface StoredReceipt {
  readonly sequence: number;
  readonly isRelaxed: boolean;
  readonly contentHash: number;
}

/** Receipts that are kept of one outbox; twice what one connection may have under way. */
export const RECEIPTS_MAX = 8_192;
const CAPACITY_MIN = 4;

export class ReceiptRing {
  #numbers = new Float64Array(0);
  /** Twice the sequence, plus one for relaxed. */
  #sequences = new Float64Array(0);
  #hashes = new Uint32Array(0);
  #from = 0;
  #to = 0;

  get length(): number {
    return this.#to - this.#from;
  }

  /**
   * Adds a receipt whose number is not in it: mostly the highest, but a number that was refused for a while comes late.
   *
   * @returns the number that had to leave for it; 0 for none.
   */
  insert(number: number, { sequence, isRelaxed, contentHash }: StoredReceipt): number {
    const dropped = this.length >= RECEIPTS_MAX ? (this.#numbers[this.#from++] ?? 0) : 0;
    if (this.#to >= this.#numbers.length) this.#makeRoom();
    let at = this.#to++;
    for (; at > this.#from && (this.#numbers[at - 1] ?? 0) > number; at--) {
      this.#numbers[at] = this.#numbers[at - 1] ?? 0;
      this.#sequences[at] = this.#sequences[at - 1] ?? 0;
      this.#hashes[at] = this.#hashes[at - 1] ?? 0;
    }
    this.#numbers[at] = number;
    this.#sequences[at] = sequence * 2 + (isRelaxed ? 1 : 0);
    this.#hashes[at] = contentHash;
    return dropped;
  }

  /** Drops the receipts up to a number. */
  dropTo(number: number): void {
    let from = this.#from;
    while (from < this.#to && (this.#numbers[from] ?? 0) <= number) from++;
    this.#from = from;
    if (from < this.#to) return;
    this.#from = 0;
    this.#to = 0;
    if (this.#numbers.length > CAPACITY_MIN * 64) this.#resize(0);
  }

  find(number: number): StoredReceipt | undefined {
    let low = this.#from;
    let high = this.#to;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#numbers[middle] ?? 0) < number) low = middle + 1;
      else high = middle;
    }
    return low < this.#to && this.#numbers[low] === number ? this.#at(low) : undefined;
  }

  /** Every receipt, oldest first. */
  *entries(): Generator<readonly [number: number, receipt: StoredReceipt]> {
    for (let at = this.#from; at < this.#to; at++) yield [this.#numbers[at] ?? 0, this.#at(at)];
  }

  #at(index: number): StoredReceipt {
    const sequence = this.#sequences[index] ?? 0;
    return {
      sequence: Math.floor(sequence / 2),
      isRelaxed: sequence % 2 === 1,
      contentHash: this.#hashes[index] ?? 0,
    };
  }

  #makeRoom(): void {
    const { length } = this;
    if (length * 2 > this.#numbers.length || this.#numbers.length === 0) {
      this.#resize(Math.max(CAPACITY_MIN, this.#numbers.length * 2));
      return;
    }
    this.#numbers.copyWithin(0, this.#from, this.#to);
    this.#sequences.copyWithin(0, this.#from, this.#to);
    this.#hashes.copyWithin(0, this.#from, this.#to);
    this.#from = 0;
    this.#to = length;
  }

  #resize(capacity: number): void {
    const { length } = this;
    const numbers = new Float64Array(capacity);
    numbers.set(this.#numbers.subarray(this.#from, this.#to));
    const sequences = new Float64Array(capacity);
    sequences.set(this.#sequences.subarray(this.#from, this.#to));
    const hashes = new Uint32Array(capacity);
    hashes.set(this.#hashes.subarray(this.#from, this.#to));
    this.#numbers = numbers;
    this.#sequences = sequences;
    this.#hashes = hashes;
    this.#from = 0;
    this.#to = length;
  }
}
