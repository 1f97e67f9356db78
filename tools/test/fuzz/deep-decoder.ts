/** A decoder that breaks on few inputs: what the fuzzer has to find, step by step. Not part of the product. */
import type { FuzzDecoder } from '@sealane/shared/testing';

/** Only an input that goes one step after the other gets to the end: what is new leads there. */
const deep: FuzzDecoder = {
  name: 'throws-on-long-g',
  seeds: () => [Uint8Array.of(1, 2, 3)],
  decode(input) {
    if (input[0] !== 0x67) return 'no g';
    if (input.length < 8) return 'a short g';
    throw new TypeError('a long g');
  },
};

export const DECODERS: readonly FuzzDecoder[] = [deep];
