import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { concat } from '../bytes/index.ts';
import { portableCrypto } from '../crypto/index.ts';
import { ProtocolError } from '../errors/index.ts';
import {
  EPOCH_BYTES_MAX,
  EPOCH_NUMBER_MAX,
  EPOCH_RECORDS_MAX,
  RecordOpener,
  RecordSealer,
  type RecordPosition,
} from './index.ts';

const KEY = Uint8Array.from({ length: 32 }, (_, index) => index);
const OTHER_KEY = KEY.map((byte) => byte ^ 0xff);
const NONCE_OFFSET = 4;

const sealerAt = (start?: RecordPosition): RecordSealer => new RecordSealer(portableCrypto, KEY.slice(), start);
const openerAt = (start?: RecordPosition): RecordOpener => new RecordOpener(portableCrypto, KEY.slice(), start);

function seal(sealer: RecordSealer, plaintext: Uint8Array): Uint8Array {
  const pieces: Uint8Array[] = [];
  sealer.seal(plaintext, pieces);
  return concat(...pieces);
}

/** The code that `act` fails with; undefined when it does not. */
function codeOf(act: () => unknown): string | undefined {
  try {
    act();
    return undefined;
  } catch (error) {
    return error instanceof ProtocolError ? error.code : `not a ProtocolError: ${String(error)}`;
  }
}

const PLAINTEXT = Uint8Array.of(1, 2, 3, 4, 5);

describe('RecordSealer and RecordOpener', () => {
  it('B6: what is sealed opens once, in order, byte for byte', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ minLength: 1, maxLength: 200 }), { maxLength: 10 }), (sent) => {
        const sealer = sealerAt();
        const opener = openerAt();
        for (const plaintext of sent) expect(opener.open(seal(sealer, plaintext))).toEqual(plaintext);
        expect(opener.records).toBe(sent.length);
      }),
    );
  });

  it('B6 T8: every single bit of a record matters, and nothing opens after the first failure', () => {
    const sealer = sealerAt();
    const first = seal(sealer, PLAINTEXT);
    const second = seal(sealer, PLAINTEXT);
    for (let bit = 0; bit < first.length * 8; bit++) {
      const altered = first.slice();
      altered[bit >> 3]! ^= 1 << (bit & 7);
      const opener = openerAt();
      expect([bit, codeOf(() => opener.open(altered))]).toEqual([bit, 'E_DECRYPT']);
      expect(codeOf(() => opener.open(first))).toBe('E_DECRYPT');
      expect(codeOf(() => opener.open(second))).toBe('E_DECRYPT');
      expect(opener.records).toBe(0);
    }
  });

  it('B6: replayed, dropped and reordered records are refused', () => {
    const sealer = sealerAt();
    const [first, second, third] = [1, 2, 3].map((byte) => seal(sealer, Uint8Array.of(byte)));
    for (const order of [[first, first], [first, second, first], [first, third], [second], [first, second, second]]) {
      const opener = openerAt();
      for (const record of order.slice(0, -1)) opener.open(record!);
      expect(codeOf(() => opener.open(order.at(-1)!))).toBe('E_DECRYPT');
    }
  });

  it('2.1.7: cut and empty records are refused with a code', () => {
    const record = seal(sealerAt(), PLAINTEXT);
    for (let size = 5; size < record.length; size++) {
      const cut = record.slice(0, size);
      cut[3] = size - NONCE_OFFSET;
      const code = codeOf(() => openerAt().open(cut));
      expect(code).toBe(size <= 4 + 12 + 16 ? 'E_MALFORMED' : 'E_DECRYPT');
    }
    expect(codeOf(() => sealerAt().seal(new Uint8Array(0), []))).toMatch(/a record holds 1 to/);
    const header = Uint8Array.of(0, 0, 0, 28);
    const nonce = new Uint8Array(12);
    const empty = concat(header, nonce, portableCrypto.aeadSeal(KEY, nonce, header, new Uint8Array(0)));
    expect(codeOf(() => openerAt().open(empty))).toBe('E_MALFORMED');
  });

  it('B6: the length is authenticated: the same record under another length does not open', () => {
    const nonce = new Uint8Array(12);
    const body = portableCrypto.aeadSeal(KEY, nonce, Uint8Array.of(0, 0, 0, 99), PLAINTEXT);
    expect(codeOf(() => openerAt().open(concat(Uint8Array.of(0, 0, 0, 33), nonce, body)))).toBe('E_DECRYPT');
  });

  it('T8: one nonce is accepted: a record that a peer seals well under any other does not open', () => {
    const header = seal(sealerAt(), PLAINTEXT).subarray(0, NONCE_OFFSET);
    const sealedUnder = (nonce: Uint8Array): Uint8Array =>
      concat(header, nonce, portableCrypto.aeadSeal(KEY, nonce, header, PLAINTEXT));
    expect(openerAt().open(sealedUnder(new Uint8Array(12)))).toEqual(PLAINTEXT);
    for (let bit = 0; bit < 96; bit++) {
      const nonce = new Uint8Array(12);
      nonce[bit >> 3] = 1 << (bit & 7);
      expect([bit, codeOf(() => openerAt().open(sealedUnder(nonce)))]).toEqual([bit, 'E_DECRYPT']);
    }
  });

  it('2.1.6 T9: both sides stop hard at 2^24 records and never wrap', () => {
    const start = { epoch: 0, records: EPOCH_RECORDS_MAX - 2 };
    const sealer = sealerAt(start);
    const opener = openerAt(start);
    for (let count = 0; count < 2; count++) expect(opener.open(seal(sealer, PLAINTEXT))).toEqual(PLAINTEXT);
    expect(codeOf(() => seal(sealer, PLAINTEXT))).toBe('E_RECORD_LIMIT');
    expect(codeOf(() => seal(sealer, PLAINTEXT))).toBe('E_RECORD_LIMIT');
    const beyond = new Uint8Array(40);
    new DataView(beyond.buffer).setUint32(NONCE_OFFSET + 8, EPOCH_RECORDS_MAX);
    expect(codeOf(() => opener.open(beyond))).toBe('E_RECORD_LIMIT');
  });

  it('T9: counters above 2^32 and 2^53 are not read as small ones', () => {
    for (const offset of [0, 1, 2, 3, 4, 5, 6, 7]) {
      const opener = openerAt({ epoch: 0, records: 0 });
      const record = seal(sealerAt(), PLAINTEXT);
      record[NONCE_OFFSET + offset]! ^= 1;
      expect(codeOf(() => opener.open(record))).toBe('E_DECRYPT');
    }
  });

  it('T9: both sides stop hard at 16 GiB an epoch, to the byte', () => {
    let opened: Uint8Array | undefined = new Uint8Array(0);
    const counting = {
      ...portableCrypto,
      sealRecord: () => undefined,
      aeadOpen: () => opened,
    };
    const chunk = { length: EPOCH_BYTES_MAX } as Uint8Array;
    const sealer = new RecordSealer(counting, KEY.slice());
    Object.defineProperty(chunk, 'length', { value: 262_144 });
    for (let bytes = 0; bytes < EPOCH_BYTES_MAX; bytes += 262_144) sealer.seal(chunk, []);
    expect(sealer.bytes).toBe(EPOCH_BYTES_MAX);
    expect(codeOf(() => sealer.seal(PLAINTEXT, []))).toBe('E_RECORD_LIMIT');
    const opener = new RecordOpener(counting, KEY.slice());
    const frame = new Uint8Array(4 + 12 + 262_144 + 16);
    opened = new Uint8Array(262_144);
    for (let count = 0; count < EPOCH_BYTES_MAX / 262_144; count++) {
      new DataView(frame.buffer).setUint32(NONCE_OFFSET + 8, count);
      opener.open(frame);
    }
    const last = new Uint8Array(4 + 12 + 1 + 16);
    new DataView(last.buffer).setUint32(NONCE_OFFSET + 8, EPOCH_BYTES_MAX / 262_144);
    expect(codeOf(() => opener.open(last))).toBe('E_RECORD_LIMIT');
  });

  it('T9: the last epoch is 2^32 - 1: no key after it, and its nonce is not that of epoch 0', () => {
    const start = { epoch: EPOCH_NUMBER_MAX - 1, records: 7 };
    const sealer = sealerAt(start);
    const opener = openerAt(start);
    sealer.switchKey(OTHER_KEY.slice());
    opener.expectEpoch(OTHER_KEY.slice());
    const record = seal(sealer, PLAINTEXT);
    expect([...record.subarray(4, 8)]).toEqual([0xff, 0xff, 0xff, 0xff]);
    expect(opener.open(record)).toEqual(PLAINTEXT);
    expect(opener.epoch).toBe(EPOCH_NUMBER_MAX);
    expect(codeOf(() => sealer.switchKey(KEY.slice()))).toBe('E_RECORD_LIMIT');
    expect(sealer.epoch).toBe(EPOCH_NUMBER_MAX);
    opener.expectEpoch(KEY.slice());
    const wrapped = seal(sealerAt(), PLAINTEXT);
    expect(codeOf(() => opener.open(wrapped))).toBe('E_DECRYPT');
    const entering = openerAt({ epoch: EPOCH_NUMBER_MAX, records: 0 });
    expect(codeOf(() => entering.enterEpoch(KEY.slice()))).toBe('E_RECORD_LIMIT');
  });

  it('B7: the next epoch is accepted only once its key is known, from its first record, and the old one is over then', () => {
    const sealer = sealerAt();
    const oldRecord = seal(sealer, PLAINTEXT);
    const lateRecord = seal(sealer, PLAINTEXT);
    sealer.switchKey(OTHER_KEY.slice());
    const [next, afterNext] = [seal(sealer, PLAINTEXT), seal(sealer, PLAINTEXT)];
    expect(codeOf(() => openerAt().open(next))).toBe('E_DECRYPT');
    const early = seal(sealerAt({ epoch: 1, records: 0 }), PLAINTEXT);
    expect(codeOf(() => openerAt().open(early))).toBe('E_DECRYPT');
    const skipped = openerAt();
    skipped.expectEpoch(OTHER_KEY.slice());
    expect(codeOf(() => skipped.open(afterNext))).toBe('E_DECRYPT');
    const opener = openerAt();
    opener.expectEpoch(OTHER_KEY.slice());
    opener.open(oldRecord);
    expect(opener.awaitsNextEpoch).toBe(true);
    opener.open(next);
    expect(opener.awaitsNextEpoch).toBe(false);
    expect(codeOf(() => opener.open(lateRecord))).toBe('E_DECRYPT');
    const entered = openerAt();
    entered.enterEpoch(OTHER_KEY.slice());
    expect(codeOf(() => entered.open(oldRecord))).toBe('E_DECRYPT');
  });

  it('T9: a new epoch counts its own records and bytes, whichever way it begins', () => {
    const sealer = sealerAt();
    const [expecting, entering] = [openerAt(), openerAt()];
    const counts = (): readonly number[][] =>
      [sealer, expecting, entering].map(({ records, bytes }) => [records, bytes]);
    for (const key of [OTHER_KEY, KEY]) {
      for (let count = 1; count <= 3; count++) {
        const record = seal(sealer, PLAINTEXT);
        for (const opener of [expecting, entering]) opener.open(record);
        expect(counts()).toEqual(new Array(3).fill([count, count * PLAINTEXT.length]));
      }
      sealer.switchKey(key.slice());
      expecting.expectEpoch(key.slice());
      entering.enterEpoch(key.slice());
      expect([sealer, entering].map(({ records, bytes }) => [records, bytes])).toEqual([
        [0, 0],
        [0, 0],
      ]);
    }
  });

  it('B7: keys are wiped when they are left, and with sealer and opener', () => {
    const [sealKey, openKey, nextOpenKey] = [KEY.slice(), KEY.slice(), OTHER_KEY.slice()];
    const sealer = new RecordSealer(portableCrypto, sealKey);
    const opener = new RecordOpener(portableCrypto, openKey);
    const isZero = (key: Uint8Array): boolean => key.every((byte) => byte === 0);
    const nextSealKey = OTHER_KEY.slice();
    sealer.switchKey(nextSealKey);
    expect(isZero(sealKey)).toBe(true);
    opener.expectEpoch(nextOpenKey);
    expect(isZero(openKey)).toBe(false);
    opener.open(seal(sealer, PLAINTEXT));
    expect(isZero(openKey)).toBe(true);
    const pendingKey = KEY.slice();
    opener.expectEpoch(pendingKey);
    opener.wipe();
    sealer.wipe();
    expect([nextSealKey, nextOpenKey, pendingKey].map(isZero)).toEqual([true, true, true]);
    expect(codeOf(() => seal(sealer, PLAINTEXT))).toBe('E_RECORD_LIMIT');
    expect(codeOf(() => opener.open(seal(sealerAt(), PLAINTEXT)))).toBe('E_DECRYPT');
  });
});
