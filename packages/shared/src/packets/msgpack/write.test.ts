import { describe, expect, test } from '@jest/globals';
import { ByteWriter } from '../../bytes/index.ts';
import { encodeKeyPackagesPublish, PacketReader } from '../index.ts';

describe('lists of packets', () => {
  test.each([0, 1, 15, 16, 20])('P1: a list of %i elements is read as it was written', (count) => {
    const keyPackages = Array.from({ length: count }, (_, index) => new Uint8Array(100).fill(index));
    const writer = new ByteWriter();
    encodeKeyPackagesPublish(writer, 7, keyPackages, new Uint8Array(3));
    expect(new PacketReader(writer.toBytes()).next()).toEqual({
      id: 0x4a,
      call: 7,
      keyPackages,
      lastResort: new Uint8Array(3),
    });
  });
});
