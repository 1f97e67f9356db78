/** RecordSealer: plaintext in, sealed records out (docs/protocols/records.md §2). */
import { wipe } from '../bytes/index.ts';
import { SIZES, type Crypto } from '../crypto/crypto.ts';
import { ProtocolError, assert } from '../errors/index.ts';
import { FRAME_HEADER_BYTES, writeFrameLength } from '../frames/index.ts';
import {
  EPOCH_BYTES_MAX,
  EPOCH_NUMBER_MAX,
  EPOCH_RECORDS_MAX,
  RECORD_OVERHEAD_BYTES,
  RECORD_PLAINTEXT_BYTES_MAX,
} from './limits.ts';
import { FIRST_RECORD, writeNonce, type RecordPosition } from './nonce.ts';

/** Length and nonce in front of the ciphertext. */
export const RECORD_HEADER_BYTES = FRAME_HEADER_BYTES + SIZES.aeadNonce;

/**
 * Seals the records of one direction of a connection (AES-256-GCM), an epoch with one key after the other. The nonce is
 * `uint32 epoch ‖ uint64 counter` and is never used twice.
 */
export class RecordSealer {
  readonly #crypto: Crypto;
  #key: Uint8Array;
  #epoch: number;
  #records: number;
  #bytes = 0;

  /**
   * @param key 32 bytes, owned by the sealer from now on.
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

  /** Records sealed in this epoch. */
  get records(): number {
    return this.#records;
  }

  /** Plaintext bytes sealed in this epoch. */
  get bytes(): number {
    return this.#bytes;
  }

  /**
   * Seals `plaintext` (1 to 262,144 bytes, borrowed) and appends the frame's pieces to `output`.
   *
   * @returns the size of the frame in bytes.
   * @throws ProtocolError `E_RECORD_LIMIT` at the hard stop of an epoch (§5).
   */
  seal(plaintext: Uint8Array, output: Uint8Array[]): number {
    assert(plaintext.length > 0 && plaintext.length <= RECORD_PLAINTEXT_BYTES_MAX, 'a record holds 1 to 262,144 bytes');
    if (this.#records >= EPOCH_RECORDS_MAX || this.#bytes + plaintext.length > EPOCH_BYTES_MAX) {
      throw new ProtocolError('E_RECORD_LIMIT');
    }
    const header = new Uint8Array(RECORD_HEADER_BYTES);
    const bodyBytes = plaintext.length + RECORD_OVERHEAD_BYTES;
    writeFrameLength(header, bodyBytes);
    writeNonce(header, FRAME_HEADER_BYTES, this.#epoch, this.#records);
    this.#crypto.sealRecord(this.#key, header, plaintext, output);
    this.#records += 1;
    this.#bytes += plaintext.length;
    return FRAME_HEADER_BYTES + bodyBytes;
  }

  /** Wipes the key and goes on with the next epoch's (§6). @param key 32 bytes, owned by the sealer from now on. */
  switchKey(key: Uint8Array): void {
    if (this.#epoch >= EPOCH_NUMBER_MAX) throw new ProtocolError('E_RECORD_LIMIT');
    wipe(this.#key);
    this.#key = key;
    this.#epoch += 1;
    this.#records = 0;
    this.#bytes = 0;
  }

  /** The connection rests: memory that only makes sealing faster goes back. */
  rest(): void {
    this.#crypto.setAside(this.#key);
  }

  /** Wipes the key; the sealer is of no use afterwards. */
  wipe(): void {
    wipe(this.#key);
    this.#records = EPOCH_RECORDS_MAX;
  }
}
