/** RecordOpener: frames in, plaintext out (docs/protocols/records.md §3). */
import { wipe } from '../bytes/index.ts';
import type { Crypto } from '../crypto/crypto.ts';
import { ProtocolError, assert } from '../errors/index.ts';
import { FRAME_HEADER_BYTES } from '../frames/index.ts';
import { EPOCH_BYTES_MAX, EPOCH_NUMBER_MAX, EPOCH_RECORDS_MAX, RECORD_OVERHEAD_BYTES } from './limits.ts';
import { FIRST_RECORD, isNonce, type RecordPosition } from './nonce.ts';
import { RECORD_HEADER_BYTES } from './record-sealer.ts';

/**
 * Opens the records of one direction of a connection (AES-256-GCM).
 *
 * It accepts exactly one nonce, the next one, so a replayed, reordered, dropped or reflected record ends the
 * connection; after the first failure it opens nothing more.
 */
export class RecordOpener {
  readonly #crypto: Crypto;
  #key: Uint8Array;
  #nextKey: Uint8Array | undefined;
  #epoch: number;
  #records: number;
  #bytes = 0;
  #failed = false;

  /**
   * @param key 32 bytes, owned by the opener from now on.
   * @param start where to begin counting; other than zero only in tests of the limits.
   */
  constructor(crypto: Crypto, key: Uint8Array, start: RecordPosition = FIRST_RECORD) {
    this.#crypto = crypto;
    this.#key = key;
    this.#epoch = start.epoch;
    this.#records = start.records;
  }

  get epoch(): number {
    return this.#epoch;
  }

  /** Records opened in this epoch. */
  get records(): number {
    return this.#records;
  }

  /** Plaintext bytes opened in this epoch. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Whether the next epoch's key is known but its first record has not come. */
  get awaitsNextEpoch(): boolean {
    return this.#nextKey !== undefined;
  }

  /**
   * Opens one frame (with its four length bytes, borrowed).
   *
   * @returns the plaintext, in a new array.
   * @throws ProtocolError `E_DECRYPT` or `E_MALFORMED`; the opener is of no use afterwards.
   */
  open(frame: Uint8Array): Uint8Array {
    if (this.#failed) throw new ProtocolError('E_DECRYPT');
    this.#failed = true;
    if (frame.length <= FRAME_HEADER_BYTES + RECORD_OVERHEAD_BYTES) throw new ProtocolError('E_MALFORMED');
    this.#advance(frame);
    const plaintext = this.#crypto.aeadOpen(
      this.#key,
      frame.subarray(FRAME_HEADER_BYTES, RECORD_HEADER_BYTES),
      frame.subarray(0, FRAME_HEADER_BYTES),
      frame.subarray(RECORD_HEADER_BYTES),
    );
    if (plaintext === undefined) throw new ProtocolError('E_DECRYPT');
    this.#records += 1;
    this.#bytes += plaintext.length;
    this.#failed = false;
    return plaintext;
  }

  /** From now on the first record of the next epoch is accepted too (§6). @param key 32 bytes, owned. */
  expectEpoch(key: Uint8Array): void {
    assert(this.#nextKey === undefined, 'one key update at a time');
    this.#nextKey = key;
  }

  /** From now on only records of the next epoch are accepted (§6); the old key is wiped. @param key 32 bytes, owned. */
  enterEpoch(key: Uint8Array): void {
    this.expectEpoch(key);
    this.#enterNextEpoch();
  }

  /** The connection rests: memory that only makes opening faster goes back. */
  rest(): void {
    this.#crypto.setAside(this.#key);
  }

  /** Wipes the keys; the opener is of no use afterwards. */
  wipe(): void {
    this.#failed = true;
    wipe(this.#key);
    if (this.#nextKey !== undefined) wipe(this.#nextKey);
  }

  /** Checks the nonce; on the first record of the next epoch, moves there. */
  #advance(frame: Uint8Array): void {
    if (isNonce(frame, FRAME_HEADER_BYTES, this.#epoch, this.#records)) {
      const bytes = this.#bytes + frame.length - FRAME_HEADER_BYTES - RECORD_OVERHEAD_BYTES;
      if (this.#records >= EPOCH_RECORDS_MAX || bytes > EPOCH_BYTES_MAX) throw new ProtocolError('E_RECORD_LIMIT');
      return;
    }
    if (this.#nextKey === undefined || !isNonce(frame, FRAME_HEADER_BYTES, this.#epoch + 1, 0)) {
      throw new ProtocolError('E_DECRYPT');
    }
    this.#enterNextEpoch();
  }

  #enterNextEpoch(): void {
    assert(this.#nextKey !== undefined, 'the key of the next epoch is known');
    if (this.#epoch >= EPOCH_NUMBER_MAX) throw new ProtocolError('E_RECORD_LIMIT');
    wipe(this.#key);
    this.#key = this.#nextKey;
    this.#nextKey = undefined;
    this.#epoch += 1;
    this.#records = 0;
    this.#bytes = 0;
  }
}
