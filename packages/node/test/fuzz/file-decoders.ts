/** Decoders of file transfers: what the two sides tell each other, and the names that may travel. */
import { utf8Encode } from '@sealane/shared/bytes';
import { encodeValue } from '@sealane/shared/packets';
import { outcomeOf, type FuzzDecoder } from '@sealane/shared/testing';
import { checkedFileName } from '../../src/files/file-name.ts';
import * as messages from '../../src/files/messages.ts';

const SHA256 = new Uint8Array(32).fill(3);
const HOLDING = { offset: 5, sha256: SHA256, complete: false };
const BODY_OFFSET = messages.MESSAGE_LENGTH_BYTES;
const DECODERS = [
  messages.decodeOffer,
  messages.decodeWanted,
  messages.decodeHolding,
  messages.decodeStart,
  messages.decodeDigest,
];

/** The first byte says which message is expected. */
const fileMessages: FuzzDecoder = {
  name: 'file-messages',
  seeds: () =>
    [
      messages.encodeOffer({ name: 'a.csv', sizeBytes: 2 ** 33, modifiedMs: 1_750_000_000_000 }),
      messages.encodeWanted({ name: 'a.csv', holding: HOLDING }),
      messages.encodeHolding(HOLDING).subarray(BODY_OFFSET),
      messages.encodeStart({ offset: 5, sizeBytes: 9, modifiedMs: 0 }).subarray(BODY_OFFSET),
      messages.encodeDigest({ sha256: SHA256 }).subarray(BODY_OFFSET),
      encodeValue({ offset: 9, size: 5, modifiedMs: 0.5 }),
    ].map((body, index) => Uint8Array.of(Math.min(index, 3), ...body)),
  decode: (input) => outcomeOf(() => DECODERS[(input[0] ?? 0) % DECODERS.length]?.(input.slice(1)), ['E_BAD_REQUEST']),
};

/** A name that is taken stays in its folder, on every system. */
const fileNames: FuzzDecoder = {
  name: 'file-names',
  seeds: () =>
    ['reading.csv', '..', 'a/b', 'CON.txt', 'é', 'a\u202eb', ' a', 'a:b', 'ｃｏｎ', 'x'.repeat(256)].map(utf8Encode),
  decode(input) {
    const name = Buffer.from(input).toString(input.length % 2 === 0 ? 'utf8' : 'latin1');
    return outcomeOf(() => {
      if (/[/\\\0:]|^\.|^con(\.|$)/i.test(checkedFileName(name))) throw new Error(`took the name ${name}`);
    }, ['E_FILE_NAME']);
  },
};

export const FILE_DECODERS: readonly FuzzDecoder[] = [fileMessages, fileNames];
