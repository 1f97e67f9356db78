/** Devices for tests of messaging: each a client with a database of its own, over a server in memory. */
import { existsSync, mkdtempSync, rmSync, statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { StaticKeyPair } from '@sealane/shared/crypto';
import { nativeCrypto } from '@sealane/shared/crypto-native';
import { nodeMlsCrypto } from '@sealane/e2ee/crypto-node';
import { SqliteStorage } from '@sealane/e2ee/sqlite';
import type { Storage } from '@sealane/e2ee/storage';
import { systemRandom } from '@sealane/node/transport';
import { DirectoryLocks } from '../../src/messaging/locks.ts';
import type { Message } from '../../src/messaging/message.ts';
import { MessagingClient } from '../../src/messaging/messaging-client.ts';
import type { MessagingConnection } from '../../src/messaging/messaging-connection.ts';
import type { MessagingEvent } from '../../src/messaging/messaging-event.ts';
import { FakeServer } from './fake-server.ts';

const MEMORY_FOLDER = '/dev/shm';
const MEMORY_BYTES_MIN = 2 ** 28;
/** In memory where the system has room there: what a disk takes to be sure is not what is tried here. */
const FOLDER = hasRoom(MEMORY_FOLDER) ? MEMORY_FOLDER : tmpdir();

function hasRoom(folder: string): boolean {
  if (!existsSync(folder)) return false;
  const { bavail, bsize } = statfsSync(folder);
  return bavail * bsize >= MEMORY_BYTES_MIN;
}

/** In a PrivateMessage of a group with an id of 16 bytes (RFC 9420 §6.3): behind version, wire format, id, epoch and type. */
const AUTHENTICATOR_OFFSET = 32;
const SENDER_DATA_OFFSET = 52;

/** A message with another authenticator and other sender data: nobody can tell from which state of the group it comes. */
export function ofNoState(message: Uint8Array): Uint8Array {
  const madeUp = Uint8Array.from(message);
  for (const offset of [AUTHENTICATOR_OFFSET, SENDER_DATA_OFFSET]) madeUp[offset]! ^= 1;
  return madeUp;
}

/** One device: its directory, its connection, and its client while it is open. */
export class TestDevice {
  readonly server: FakeServer;
  readonly agentId: string;
  readonly directory: string;
  readonly connection: MessagingConnection & { isConnected: boolean };
  readonly events: MessagingEvent[] = [];
  now: () => number = Date.now;
  client!: MessagingClient;

  constructor(server: FakeServer, agentId: string, directory: string) {
    this.server = server;
    this.agentId = agentId;
    this.directory = directory;
    this.connection = server.connection(agentId, new StaticKeyPair(nativeCrypto, systemRandom(32)).publicKey);
  }

  /** @param wrap puts faults around its storage. */
  async open(wrap = (storage: Storage): Storage => storage): Promise<MessagingClient> {
    this.client = new MessagingClient({
      connection: this.connection,
      storage: wrap(await SqliteStorage.open(join(this.directory, 'messages.db'))),
      locks: new DirectoryLocks(this.directory),
      crypto: nativeCrypto,
      mls: nodeMlsCrypto,
      random: systemRandom,
      now: () => this.now(),
      receipts: 'all',
    });
    this.client.on('event', (event) => this.events.push(event));
    await this.client.open();
    return this.client;
  }

  /** As the next process of the same data directory. */
  async restart(): Promise<MessagingClient> {
    await this.client.close();
    return await this.open();
  }

  async texts(conversation: string): Promise<readonly string[]> {
    const messages = await this.client.messages(conversation, { limit: 1_000 });
    return messages.filter(({ kind }) => kind !== 'event').map(({ body }) => body);
  }

  async states(conversation: string): Promise<readonly Message['state'][]> {
    return (await this.client.messages(conversation, { limit: 1_000 })).map(({ state }) => state);
  }

  /** Troubles that nobody waited for. */
  get troubles(): readonly string[] {
    return this.events.flatMap((event) =>
      event.type === 'trouble' ? [`${event.error.code} ${event.error.message}`] : [],
    );
  }
}

/** A server and its devices; `dispose` ends all. */
export class World {
  readonly server: FakeServer;
  readonly devices: TestDevice[] = [];
  readonly #directories: string[] = [];

  constructor(server = new FakeServer()) {
    this.server = server;
  }

  directory(): string {
    const path = mkdtempSync(join(FOLDER, 'sealane-messaging-'));
    this.#directories.push(path);
    return path;
  }

  async device(agentId: string): Promise<TestDevice> {
    const device = new TestDevice(this.server, agentId, this.directory());
    this.devices.push(device);
    await device.open();
    return device;
  }

  /** A device that registered an account. */
  async account(username: string): Promise<TestDevice> {
    const device = await this.device(`${username}-1`);
    await device.client.accounts.register(username, { password: 'correct horse' });
    return device;
  }

  /** Another device of the account of a device. */
  async linked(first: TestDevice, agentId: string): Promise<TestDevice> {
    const username = first.client.username ?? '';
    const device = await this.device(agentId);
    await device.client.accounts.login(username, { password: 'correct horse', deviceName: agentId });
    await device.client.listen();
    const { code, linked } = await device.client.devices.link();
    await Promise.all([first.client.devices.approve(code), linked]);
    return device;
  }

  /** Waits until it holds. */
  async until(what: string, holds: () => Promise<boolean> | boolean, timeoutMs = 15_000): Promise<void> {
    const deadline = Date.now() + timeoutMs;
    while (!(await holds())) {
      if (Date.now() > deadline) {
        const troubles = this.devices.map(({ agentId, troubles: all }) => `${agentId}: ${all.join('; ')}`).join('\n');
        throw new Error(`not in time: ${what}\n${troubles}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  async dispose(): Promise<void> {
    await Promise.all(this.devices.map((device) => device.client.close().catch(() => undefined)));
    for (const path of this.#directories) rmSync(path, { recursive: true, force: true });
  }
}
