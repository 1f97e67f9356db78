/** Power loss: ext4 on a loop device, shut down under load. Needs root; without it skipped, visibly. */
import { describe, expect, it } from '@jest/globals';
import { canLosePower, makeImage, removeImage } from '@sealane/node/testing';
import { MountedFolder } from './mounts.ts';
import { checkReceipts, readReceiver } from './store-folder.ts';

const canLoop = canLosePower();
if (!canLoop) console.warn('SKIPPED power loss: it needs root, losetup, mkfs.ext4 and python3');

(canLoop ? describe : describe.skip)('power loss', () => {
  const LOSSES = Number(process.env['TEST_STORE_POWER_LOSSES'] ?? 2);

  it(`R1: ${LOSSES} times ext4 is shut down under full load: every receipt holds`, async () => {
    const stored = new Set<number>();
    const image = makeImage();
    let folder: MountedFolder | undefined;
    try {
      for (let round = 0; round < LOSSES; round++) {
        folder = MountedFolder.image(image);
        const child = folder.child({ inFlight: 64 });
        await child.until(() => child.stored.length > 300);
        folder.losePower();
        for (const number of child.stored) stored.add(number);
        await folder.remove();
        folder = undefined;
      }
      folder = MountedFolder.image(image);
      const { store, ears } = await folder.open();
      checkReceipts(await readReceiver(store), stored);
      expect(ears.incidents).toEqual([]);
    } finally {
      await folder?.remove();
      removeImage(image);
    }
  }, 120_000);
});
