/** A Crypto that remembers every record key it was given: what a thief in the program would see, and whether it is wiped. */
import { toHex } from '../../src/bytes/index.ts';
import { nativeCrypto } from '../../src/crypto-native/index.ts';
import type { Crypto } from '../../src/crypto/index.ts';

/** A key as it was used: the array itself, and what was in it. */
export interface SeenKey {
  readonly array: Uint8Array;
  readonly copy: Uint8Array;
  readonly epoch: number;
}

export interface RecordingCrypto {
  readonly crypto: Crypto;
  /** Keys of records, in the order of their first use. */
  readonly sealing: SeenKey[];
  readonly opening: SeenKey[];
}

export function recordingCrypto(base: Crypto = nativeCrypto): RecordingCrypto {
  const sealing: SeenKey[] = [];
  const opening: SeenKey[] = [];
  const note = (seen: SeenKey[], key: Uint8Array, nonce: Uint8Array): void => {
    if (seen.at(-1)?.array === key) return;
    seen.push({
      array: key,
      copy: Uint8Array.from(key),
      epoch: new DataView(nonce.buffer, nonce.byteOffset).getUint32(0),
    });
  };
  const crypto: Crypto = {
    ...base,
    sealRecord(key, header, plaintext, output) {
      note(sealing, key, header.subarray(4));
      base.sealRecord(key, header, plaintext, output);
    },
    aeadOpen(key, nonce, associatedData, sealed) {
      if (associatedData.length === 4) note(opening, key, nonce);
      return base.aeadOpen(key, nonce, associatedData, sealed);
    },
  };
  return { crypto, sealing, opening };
}

/** The keys as text, to compare. */
export const hexOf = (keys: readonly SeenKey[]): string[] => keys.map(({ copy }) => toHex(copy));
