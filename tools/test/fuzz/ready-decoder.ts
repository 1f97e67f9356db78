/** A decoder that says when it is at work: it makes the folder that `FUZZ_READY` names. Not part of the product. */
import { mkdirSync } from 'node:fs';
import type { FuzzDecoder } from '@sealane/shared/testing';

const ready: FuzzDecoder = {
  name: 'ready',
  seeds: () => [Uint8Array.of(1, 2, 3)],
  decode() {
    mkdirSync(process.env['FUZZ_READY'] ?? '', { recursive: true });
    return 'ok';
  },
};

export const DECODERS: readonly FuzzDecoder[] = [ready];
