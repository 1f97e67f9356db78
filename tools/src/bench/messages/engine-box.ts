/** Sealane's engine: a group of devices, each with rows of its own, in memory or in SQLite files. */
import { statSync } from 'node:fs';
import { join } from 'node:path';
import type { PendingCommit } from '@sealane/e2ee/engine';
import { SqliteStorage } from '@sealane/e2ee/sqlite';
import { MemoryStorage } from '@sealane/e2ee/storage';
import { TestDevice, TestDirectory } from '@sealane/e2ee/testing';
import { temporaryFolder } from '../../ending/temporary-folder.ts';
import type { MessageBox } from './message-box.ts';

/** Where the rows of devices are. */
export type RowPlace = 'memory' | 'disk';

const GROUP_ID_BYTES = 16;

/** Devices in one group, and the files that they have. */
export class EngineGroup {
  readonly group = new Uint8Array(GROUP_ID_BYTES).fill(7);
  readonly devices: TestDevice[] = [];
  readonly #directory = new TestDirectory();
  readonly #place: RowPlace;
  readonly #folder = temporaryFolder('sealane-bench-');

  private constructor(place: RowPlace) {
    this.#place = place;
  }

  /** A group of so many devices, of as many accounts, made by one commit; `founder` has no more than those who joined. */
  static async create(size: number, place: RowPlace): Promise<EngineGroup> {
    const made = new EngineGroup(place);
    const founder = await made.device(0);
    const keyPackages: Uint8Array[] = [];
    for (let index = 1; index < size; index++) keyPackages.push(await (await made.device(index)).keyPackage());
    const { group } = made;
    const first = await founder.step((engine, rows) => engine.createGroup(rows, { group, keyPackages }));
    await founder.step((engine, rows) => engine.commitAccepted(rows, group, first.messageId));
    for (const device of made.devices.slice(1)) await joinBy(device, first);
    return made;
  }

  /** Another device, not in the group yet. */
  async device(index: number): Promise<TestDevice> {
    const openStorage =
      this.#place === 'disk' ? () => SqliteStorage.open(this.#file(index)) : () => Promise.resolve(new MemoryStorage());
    const names = { username: `user${index}`, agentId: `device-${index}` };
    const device = await TestDevice.create({ directory: this.#directory, ...names, openStorage });
    this.devices.push(device);
    return device;
  }

  at(index: number): TestDevice {
    const device = this.devices[index];
    if (device === undefined) throw new RangeError(`there is no device ${index}`);
    return device;
  }

  /** Bytes of the file of a device, its log taken in. */
  async fileBytes(index: number): Promise<number> {
    const { storage } = this.at(index).engine;
    await storage.close();
    return statSync(this.#file(index)).size;
  }

  async close(): Promise<void> {
    for (const { engine } of this.devices) await engine.storage.close().catch(() => undefined);
    this.#folder.remove();
  }

  #file(index: number): string {
    return join(this.#folder.path, `${index}.db`);
  }
}

/** A device takes the Welcome of a commit. @throws Error when it does not get in. */
export async function joinBy(device: TestDevice, { welcome }: PendingCommit): Promise<void> {
  if (welcome === undefined) throw new Error('the commit has no Welcome');
  const taken = await device.step((engine, rows) => engine.takeWelcome(rows, welcome));
  if (taken.state !== 'joined') throw new Error(`a device could not join: ${taken.state}`);
}

/** The first device of a group of two sends to the second. */
export async function engineBox(place: RowPlace): Promise<MessageBox> {
  const made = await EngineGroup.create(2, place);
  const { group } = made;
  const [sender, receiver] = [made.at(0), made.at(1)];
  return {
    seal: async (plaintext) => (await sender.step((engine, rows) => engine.seal(rows, group, plaintext))).message,
    async open(sealed) {
      const opened = await receiver.step((engine, rows) => engine.open(rows, group, sealed));
      if (opened.state !== 'decrypted') throw new Error(`a message could not be opened: ${opened.state}`);
      return opened.plaintext;
    },
    close: () => made.close(),
  };
}
