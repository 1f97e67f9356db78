/** TestDevice: devices for tests, and the directory that lists them. */
import { randomBytes } from 'node:crypto';
import { nativeCrypto } from '@sealane/shared/crypto-native';
import { nodeMlsCrypto } from '../crypto-node/index.ts';
import { E2eeEngine, type OwnDevice, type Sender } from '../engine/index.ts';
import type { DeviceJudge, LeafStanding, MlsCrypto } from '../mls/index.ts';
import { MemoryStorage, type Storage, type Transaction } from '../storage/index.ts';

/** Who is listed, for all devices of a test: what the logs of accounts would say. */
export class TestDirectory implements DeviceJudge {
  readonly #standings = new Map<string, LeafStanding>();

  list(device: OwnDevice, standing: LeafStanding = 'listed'): void {
    const signatureKey = nativeCrypto.ed25519PublicKey(device.signingSeed);
    this.#standings.set(keyOf({ ...device, signatureKey }), standing);
  }

  judge(claim: Sender & { readonly signatureKey: Uint8Array }): LeafStanding {
    return this.#standings.get(keyOf(claim)) ?? 'unknown';
  }
}

function keyOf({ accountId, agentId, signatureKey }: Sender & { readonly signatureKey: Uint8Array }): string {
  return [Buffer.from(accountId).toString('hex'), agentId, Buffer.from(signatureKey).toString('hex')].join('/');
}

/** Who a test device is; its rows are in memory and its primitives those of Node.js where nothing else is named. */
export interface TestDeviceOptions {
  readonly directory: TestDirectory;
  readonly username: string;
  readonly agentId: string;
  readonly openStorage?: () => Promise<Storage>;
  readonly crypto?: MlsCrypto;
}

/** The account id of a username in tests. */
export function accountIdOf(username: string): Uint8Array {
  return nativeCrypto.sha256(Buffer.from(username));
}

/** A device for tests: an engine over a storage that is opened anew whenever the test says so. */
export class TestDevice {
  readonly device: OwnDevice;
  readonly #options: TestDeviceOptions;
  #engine: E2eeEngine | undefined;

  private constructor(options: TestDeviceOptions, device: OwnDevice) {
    this.#options = options;
    this.device = device;
  }

  /** A new device, which the directory lists. */
  static async create(options: TestDeviceOptions): Promise<TestDevice> {
    const { username, agentId, directory } = options;
    const device = { accountId: accountIdOf(username), username, agentId, signingSeed: seedOf() };
    directory.list(device);
    const created = new TestDevice(options, device);
    await created.restart();
    return created;
  }

  get engine(): E2eeEngine {
    if (this.#engine === undefined) throw new TypeError('the device is off');
    return this.#engine;
  }

  /** The process is gone: the storage is closed and opened again. */
  async restart(): Promise<void> {
    const { openStorage } = this.#options;
    if (openStorage === undefined && this.#engine !== undefined) {
      this.forget();
      return;
    }
    await this.#engine?.storage.close();
    this.#start((await openStorage?.()) ?? new MemoryStorage());
  }

  /** Everything in memory is gone: the next step knows what is in the storage and nothing else. */
  forget(): void {
    this.#start(this.engine.storage);
  }

  #start(storage: Storage): void {
    const { crypto = nodeMlsCrypto, directory } = this.#options;
    this.#engine = new E2eeEngine({
      storage,
      crypto,
      device: this.device,
      judge: directory,
      now: () => Date.now(),
      random: (size) => Uint8Array.from(randomBytes(size)),
    });
  }

  /** One step of the engine in a transaction of its own. */
  step<T>(work: (engine: E2eeEngine, transaction: Transaction) => Promise<T>): Promise<T> {
    const { engine } = this;
    return engine.storage.transaction((transaction) => work(engine, transaction));
  }

  async keyPackage(): Promise<Uint8Array> {
    const { packages } = await this.step((engine, transaction) => engine.keyPackages(transaction, { count: 1 }));
    const [first] = packages;
    if (first === undefined) throw new TypeError('no key package was made');
    return first;
  }
}

function seedOf(): Uint8Array {
  return Uint8Array.from(randomBytes(32));
}
