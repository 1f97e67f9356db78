/** SimStores: where the events of a world are: with the one node, or with a service that several nodes share. */
import { MemoryDisk, type Store } from '@sealane/server/store';
import type { PlantedBug } from '../planted/planted-bug.ts';
import type { SimProcess } from '../world/sim-process.ts';
import type { World } from '../world/world.ts';
import { CheckedStore, type SettledBook } from './checked-store.ts';
import { NodeStore } from './node-store.ts';
import type { DiskManners } from './sim-log.ts';
import { StoreService } from './store-service.ts';
import { UnsyncedDisk } from './unsynced-disk.ts';

export interface SimStoresOptions {
  readonly world: World;
  readonly isShared: boolean;
  readonly bug: PlantedBug | undefined;
  readonly checkpointBytes: number;
  readonly manners: () => DiskManners;
  readonly lostWakeUps: () => number;
  readonly onLostWakeUp: () => void;
  readonly fault: (what: string) => void;
}

/** How long a disk with a bug keeps what it said it has written. */
const UNSYNCED_MS = 200;

export class SimStores {
  readonly isShared: boolean;
  readonly #options: SimStoresOptions;
  readonly #disk = new MemoryDisk();
  readonly #unsynced: UnsyncedDisk | undefined;
  readonly #book: SettledBook;
  readonly #service: StoreService | undefined;

  constructor(options: SimStoresOptions) {
    const { world, isShared, bug, lostWakeUps, onLostWakeUp, fault } = options;
    this.#options = options;
    this.isShared = isShared;
    this.#unsynced = bug === 'ack-before-store' ? new UnsyncedDisk(this.#disk) : undefined;
    this.#book = { settled: new Map(), lives: 0, fault };
    if (!isShared) return;
    this.#service = new StoreService({
      ...{ world, lostWakeUps, onLostWakeUp, isFencing: bug !== 'no-fencing' },
      open: (process) => this.#store(process, () => world.wallClock(process)),
    });
  }

  /** Starts what nodes share. */
  start(): void {
    this.#service?.start();
    if (this.#unsynced !== undefined) this.#sync(this.#unsynced);
  }

  /** The store of a new life of a node. */
  open(process: SimProcess, wallClock: () => number): Store {
    return this.#service === undefined ? this.#store(process, wallClock) : new NodeStore(this.#service, process);
  }

  /** What nodes share crashes; it comes back by itself. @returns whether there is anything. */
  readonly crash = (): boolean => {
    const process = this.#service?.process;
    if (process?.isAlive !== true) return false;
    process.end('crash');
    return true;
  };

  #store(process: SimProcess, wallClock: () => number): CheckedStore {
    const { world, bug, checkpointBytes, manners } = this.#options;
    const schedule = (delayMs: number, run: () => void) => world.schedule(process, delayMs, run);
    const environment = { now: wallClock, random: world.entropy.bytes, schedule };
    const book = this.#book;
    const store = new CheckedStore({
      ...{ environment, disk: this.#disk, manners: manners(), checkpointBytes, book, bug, now: () => world.now },
    });
    process.atEnd(() => {
      store.crash();
      this.#unsynced?.crash();
    });
    return store;
  }

  #sync(disk: UnsyncedDisk): void {
    this.#options.world.schedule(undefined, UNSYNCED_MS, () => {
      disk.sync();
      this.#sync(disk);
    });
  }
}
