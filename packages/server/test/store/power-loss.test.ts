/** Power loss: ext4 on a loop device, shut down under load. Needs root; without it skipped, visibly. */
import { describe, expect, it } from '@jest/globals';
import { canMount, makeImage, MountedFolder, removeImage, run, works } from './mounts.ts';
import { checkReceipts, readReceiver } from './store-folder.ts';

const canLoop =
  (await canMount()) && works('losetup', ['-f']) && works('python3', ['-V']) && works('mkfs.ext4', ['-V']);
if (!canLoop) console.warn('SKIPPED power loss: it needs root, losetup, mkfs.ext4 and python3');

(canLoop ? describe : describe.skip)('power loss', () => {
  const LOSSES = Number(process.env['TEST_STORE_POWER_LOSSES'] ?? 2);

  it(`R1: ${LOSSES} times ext4 is shut down under full load: every receipt holds`, async () => {
    const stored = new Set<number>();
    const image = makeImage();
    try {
      for (let round = 0; round < LOSSES; round++) {
        const folder = MountedFolder.image(image);
        const child = folder.child({ inFlight: 64 });
        await child.until(() => child.stored.length > 300);
        shutDown(folder.folder);
        for (const number of child.stored) stored.add(number);
        await folder.remove();
      }
      const folder = MountedFolder.image(image);
      const { store, ears } = await folder.open();
      checkReceipts(await readReceiver(store), stored);
      expect(ears.incidents).toEqual([]);
      await folder.remove();
    } finally {
      removeImage(image);
    }
  }, 120_000);
});

/** ext4's shutdown ioctl: nothing that is not on the disk gets there any more (EXT4_IOC_SHUTDOWN, without a flush). */
function shutDown(folder: string): void {
  const script = `import fcntl, os, struct, sys
fd = os.open(sys.argv[1], os.O_RDONLY)
fcntl.ioctl(fd, 0x8004587d, struct.pack('I', 2))`;
  run('python3', ['-c', script, folder]);
}
