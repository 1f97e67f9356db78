/** A server on ext4 in a file, whose power goes: what was not on the disk is gone, and the file system is mounted again. */
import { join } from 'node:path';
import { SmallDisk, makeImage, removeImage, until } from '@sealane/node/testing';
import { serverPort, type Attack, type Ground, type GroundSetting } from '../ground.ts';
import { ServerProgram } from '../server-program.ts';
import { NO_ADMIN } from './kill-ground.ts';

const IMAGE_BYTES = 512 * 1_048_576;
const EXIT_DISK = 74;
const NOTICE_MS_MAX = 30_000;
const UNMOUNT_MS_MAX = 10_000;
/** Within the start of a server. */
const EARLY_MS_MAX = 1_500;

export async function powerGround({ programs, dice }: GroundSetting): Promise<Ground> {
  const port = await serverPort(dice);
  const place = await Place.make();
  const dataDirectory = join(place.folder, 'data');
  const server = new ServerProgram({ command: programs.server, port, dataDirectory, flags: NO_ADMIN });
  return {
    servers: [server],
    ports: [port],
    agent: programs.agent,
    attacks: [powerLoss(place, server), powerLossAtStart(place, server), lostDisk(place, server)],
    dispose: () => place.remove(),
  };
}

/** The machine goes out: disk and server at one moment. */
function powerLoss(place: Place, server: ServerProgram): Attack {
  return {
    name: 'power loss',
    async strike() {
      place.losePower();
      await server.kill();
      await place.renew();
      await server.start();
    },
  };
}

function powerLossAtStart(place: Place, server: ServerProgram): Attack {
  return {
    name: 'power loss, and again while the server starts',
    async strike({ dice, pause }) {
      place.losePower();
      await server.kill();
      await place.renew();
      server.spawn();
      await pause(dice.whole(0, EARLY_MS_MAX));
      place.losePower();
      await server.kill();
      await place.renew();
      await server.start();
    },
  };
}

/** Only the disk goes: a server that cannot write any more must end, and say why. */
function lostDisk(place: Place, server: ServerProgram): Attack {
  return {
    name: 'a disk that fails under the server',
    async strike() {
      place.losePower();
      const how = await server.endsByItself(NOTICE_MS_MAX);
      await server.kill();
      if (how !== EXIT_DISK) throw new Error(`a server without its disk: ${how}, expected exit code ${EXIT_DISK}`);
      await place.renew();
      await server.start();
    },
  };
}

/** A folder that keeps its name while the disk behind it is mounted again. */
class Place {
  readonly #image: string;
  #disk: SmallDisk;

  private constructor(image: string, disk: SmallDisk) {
    this.#image = image;
    this.#disk = disk;
  }

  static make(): Promise<Place> {
    const image = makeImage(IMAGE_BYTES);
    try {
      return Promise.resolve(new Place(image, SmallDisk.image(image)));
    } catch (error) {
      removeImage(image);
      throw error;
    }
  }

  get folder(): string {
    return this.#disk.folder;
  }

  losePower(): void {
    this.#disk.losePower();
  }

  async renew(): Promise<void> {
    await this.#unmount();
    this.#disk = SmallDisk.image(this.#image, this.#disk.folder);
  }

  async remove(): Promise<void> {
    await this.#unmount();
    removeImage(this.#image);
  }

  /** A process that was just killed may still have a file open. */
  async #unmount(): Promise<void> {
    const isGone = (): boolean => {
      try {
        this.#disk.remove();
        return true;
      } catch {
        return false;
      }
    };
    await until('the disk can be unmounted', isGone, { limitMs: UNMOUNT_MS_MAX });
  }
}
