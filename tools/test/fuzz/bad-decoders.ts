/** Decoders that break on many inputs: what the fuzzer has to find. Not part of the product. */
import type { FuzzDecoder } from '@sealane/shared/testing';

const seeds = (): readonly Uint8Array[] => [Uint8Array.of(1, 2, 3)];
/** Kept, so that the memory stays taken. */
const hoard: Uint8Array[] = [];

const HANG_STEP_MS = 10;

const throws: FuzzDecoder = {
  name: 'throws-on-zero',
  seeds,
  decode(input) {
    if (input.includes(0)) throw new RangeError('a zero');
    return 'ok';
  },
};

const hangs: FuzzDecoder = {
  name: 'hangs',
  limits: { timeMs: 1 },
  seeds,
  decode(input) {
    // It never ends, and sleeps meanwhile: what finds it is the same.
    const sleeper = new Int32Array(new SharedArrayBuffer(4));
    let count = 0;
    while (input.length === 3) if (Atomics.wait(sleeper, 0, 0, HANG_STEP_MS) === 'timed-out') count += 1;
    return String(count);
  },
};

const isSlow: FuzzDecoder = {
  name: 'slow',
  limits: { timeMs: 20 },
  seeds,
  decode() {
    const end = performance.now() + 40;
    while (performance.now() < end) continue;
    return 'ok';
  },
};

const hoards: FuzzDecoder = {
  name: 'hoards',
  seeds,
  decode() {
    hoard.push(new Uint8Array(50_000_000));
    return 'ok';
  },
};

export const DECODERS: readonly FuzzDecoder[] = [throws, hangs, isSlow, hoards];
