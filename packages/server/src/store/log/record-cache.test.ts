import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from '@jest/globals';
import { until } from '@sealane/node/testing';
import { RecordCache } from './record-cache.ts';

const MIB = 2 ** 20;

/** Waits until no more bytes of buffers are held by anybody: the collector frees some of them later. */
async function untilHeld(bytesMax: number): Promise<void> {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  await until(
    'the collector freed them',
    () => {
      collect();
      return process.memoryUsage().arrayBuffers <= bytesMax;
    },
    { limitMs: 10_000 },
  );
}

describe('RecordCache', () => {
  it('finds what was written last, and nothing else', () => {
    const cache = new RecordCache(10_000);
    for (let batch = 0; batch < 20; batch++)
      cache.add({ position: batch * 1_000, records: new Uint8Array(1_000).fill(batch) });
    expect(cache.find(19_500, 500)).toEqual(new Uint8Array(500).fill(19));
    expect(cache.find(13_000, 1)).toEqual(Uint8Array.of(13));
    expect([cache.find(12_000, 1), cache.find(0, 1), cache.find(20_000, 1), cache.find(19_999, 2)]).toEqual(
      Array(4).fill(undefined),
    );
  });

  it('rule 2: holds no more than it was given: what had to go is not kept by anybody', async () => {
    const before = process.memoryUsage().arrayBuffers;
    const cache = new RecordCache(32 * MIB);
    for (let batch = 0; batch < 60; batch++) cache.add({ position: batch * MIB, records: new Uint8Array(MIB) });
    await untilHeld(before + 36 * MIB);
    expect(cache.find(59 * MIB, 1)).toEqual(Uint8Array.of(0));
  });
});
