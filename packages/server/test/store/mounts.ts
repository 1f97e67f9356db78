/** A store's folder that is a small disk of its own. Mounting needs root. */
import { SmallDisk } from '@sealane/node/testing';
import { StoreFolder } from './store-folder.ts';

export class MountedFolder extends StoreFolder {
  readonly #disk: SmallDisk;

  private constructor(disk: SmallDisk) {
    super(disk.folder);
    this.#disk = disk;
  }

  static tmpfs(size: string): MountedFolder {
    return new MountedFolder(SmallDisk.tmpfs(size));
  }

  /** @param image made with `makeImage`. */
  static image(image: string): MountedFolder {
    return new MountedFolder(SmallDisk.image(image));
  }

  losePower(): void {
    this.#disk.losePower();
  }

  override async remove(): Promise<void> {
    await this.end();
    this.#disk.remove();
  }
}
