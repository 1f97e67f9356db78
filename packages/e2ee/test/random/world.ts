/**
 * A group of devices that do random things to it, through a server that orders commits. Each step of a device runs on an
 * engine that knows nothing but the rows of its SQLite file.
 */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdtempSync, rmSync, statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { CommitRequest, PendingCommit } from '../../src/engine/index.ts';
import type { SuiteName } from '../../src/mls/index.ts';
import { SqliteStorage } from '../../src/sqlite/index.ts';
import { TestDevice, TestDirectory } from '../../src/testing/index.ts';
import { RandomSource } from './random-source.ts';
import { TestServer, type Item } from './test-server.ts';

const MEMORY_FOLDER = '/dev/shm';
const MEMORY_BYTES_MIN = 2 ** 28;
/** In memory where the system has room there: what a disk takes to be sure is not what is tried here. */
const ROWS_FOLDER = hasRoom(MEMORY_FOLDER) ? MEMORY_FOLDER : tmpdir();

function hasRoom(folder: string): boolean {
  if (!existsSync(folder)) return false;
  const { bavail, bsize } = statfsSync(folder);
  return bavail * bsize >= MEMORY_BYTES_MIN;
}
const ACCOUNTS = ['anna', 'bert', 'cleo', 'dora', 'emil'];

export interface WorldOptions {
  readonly seed: number;
  readonly suite?: SuiteName;
  /** Devices of the group at most. */
  readonly membersMax: number;
}

export class World {
  readonly group = Uint8Array.from(randomBytes(16));
  readonly random: RandomSource;
  readonly server = new TestServer();
  readonly devices = new Map<string, TestDevice>();
  /** Devices that were removed. */
  readonly gone = new Map<string, TestDevice>();
  readonly counts: Record<string, number> = {};
  /** How often a seal and an open came out in which state. */
  readonly outcomes: Record<string, number> = {};
  readonly #directory = new TestDirectory();
  readonly #folder = mkdtempSync(join(ROWS_FOLDER, 'sealane-random-'));
  readonly #options: WorldOptions;
  #deviceCount = 0;

  constructor(options: WorldOptions) {
    this.#options = options;
    this.random = new RandomSource(options.seed);
  }

  async dispose(): Promise<void> {
    for (const device of [...this.devices.values(), ...this.gone.values()]) await device.engine.storage.close();
    rmSync(this.#folder, { recursive: true });
  }

  get members(): TestDevice[] {
    return [...this.server.members].map((agentId) => this.#device(agentId));
  }

  async newDevice(username: string): Promise<TestDevice> {
    const agentId = `device-${++this.#deviceCount}`;
    const device = await TestDevice.create({
      directory: this.#directory,
      username,
      agentId,
      openStorage: () => SqliteStorage.open(join(this.#folder, `${agentId}.db`)),
    });
    this.devices.set(agentId, device);
    return device;
  }

  async start(): Promise<void> {
    const founder = await this.newDevice('anna');
    const keyPackages = await this.#keyPackages(3);
    const { suite = 'hybrid' } = this.#options;
    const pending = await founder.step((engine, transaction) =>
      engine.createGroup(transaction, { group: this.group, suite, keyPackages }),
    );
    assert.equal(await this.submit(founder, pending), true);
    await this.settle();
  }

  /** Hands a commit to the server; the loser drops its own. */
  async submit(device: TestDevice, { messageId, ...pending }: PendingCommit): Promise<boolean> {
    // The device may have died in between: what it knows of its commit is on the disk.
    await this.#lose(device);
    const isFirst = this.server.take({ ...pending, messageId }, device.device.agentId);
    await device.step(async (engine, transaction) => {
      if (isFirst) assert.ok(await engine.commitAccepted(transaction, this.group, messageId));
      else await engine.commitLost(transaction, this.group, messageId);
    });
    return isFirst;
  }

  /** Random commits of one to three devices for the same epoch. */
  async commitRound(): Promise<void> {
    const rivals = this.random.sample(this.members, this.random.chance(0.25) ? 3 : 1);
    const pending: [TestDevice, PendingCommit][] = [];
    for (const device of rivals) {
      await this.sync(device);
      const request = await this.#request(device);
      pending.push([
        device,
        await device.step((engine, transaction) => engine.commit(transaction, this.group, request)),
      ]);
    }
    for (const [device, commit] of this.random.shuffled(pending)) {
      const isFirst = await this.submit(device, commit);
      this.#count(isFirst ? 'won' : 'lost');
      if (isFirst) await this.#afterRemovals(commit);
    }
  }

  /** A new device of a member's account joins by itself, or a member that lost its state comes back. */
  async externalRound(): Promise<void> {
    const isResync = this.random.chance(0.5) || this.server.members.size >= this.#options.membersMax;
    const account = this.random.pick(this.members).device.username;
    const device = isResync ? this.random.pick(this.members) : await this.newDevice(account);
    const hasState = isResync && this.random.chance(0.5);
    if (isResync && !hasState) {
      await device.step((engine, transaction) => engine.forget(transaction, this.group));
      this.server.queues.delete(device.device.agentId);
    } else await this.sync(device);
    const rejoined = await device.step((engine, transaction) =>
      // Whoever has the state of the group joins again only because its user wants to.
      engine.rejoin(transaction, this.group, this.server.groupInfo!, { isTrusted: () => true, isForced: hasState }),
    );
    if (rejoined.state !== 'pending') throw new Error(`rejoin: ${JSON.stringify(rejoined)}`);
    assert.equal(await this.submit(device, rejoined.commit), true);
    this.#count(isResync ? 'resync' : 'join');
  }

  async message(): Promise<void> {
    const device = this.random.pick(this.members);
    await this.sync(device);
    const text = `message ${this.random.below(1e9)} of ${device.device.agentId}`;
    const content = Buffer.from(text.padEnd(this.random.below(600)));
    const sealed = await device.step((engine, transaction) => engine.seal(transaction, this.group, content));
    this.server.send(sealed.message, sealed.epoch, text, device.device.agentId);
  }

  /** Gives a device what waits for it, messages among themselves in any order. */
  async sync(device: TestDevice): Promise<void> {
    const queue = this.server.queueOf(device.device.agentId).splice(0);
    for (const item of this.#mixed(queue)) {
      await this.#lose(device);
      await this.#deliver(device, item);
    }
  }

  async settle(): Promise<void> {
    for (const device of this.members) await this.sync(device);
  }

  /** Everybody is in the same state, knows the same members, and reads what each of them writes. */
  async check(): Promise<void> {
    await this.settle();
    const views = [];
    for (const device of this.members) {
      const members = await device.step((engine, transaction) => engine.members(transaction, this.group));
      const view = await device.step((engine, transaction) => engine.groupOf(transaction, this.group));
      views.push({ ...view, members: members.map(({ agentId }) => agentId) });
    }
    for (const view of views) assert.deepEqual(view, views[0]);
    assert.equal(views[0]!.epoch, this.server.epoch);
    assert.deepEqual([...views[0]!.members].sort(), [...this.server.members].sort());
    await this.message();
    for (const device of this.gone.values()) await this.#checkGone(device);
    await this.settle();
  }

  async #checkGone(device: TestDevice): Promise<void> {
    await this.sync(device);
    const view = await device.step((engine, transaction) => engine.groupOf(transaction, this.group));
    assert.equal(view?.status, 'removed');
    const sent = [...this.server.queues.values()].flat().find(({ kind }) => kind === 'message');
    if (sent === undefined) return;
    const opened = await device.step((engine, transaction) => engine.open(transaction, this.group, sent.bytes));
    assert.deepEqual(opened, { state: 'lost', reason: 'removed' });
    const sealed = device.step((engine, transaction) =>
      engine.seal(transaction, this.group, Buffer.from('still here')),
    );
    await assert.rejects(sealed, { code: 'E_NO_GROUP' });
  }

  async #deliver(device: TestDevice, item: Item): Promise<void> {
    const outcome = await device.step(async (engine, transaction) => {
      if (item.kind === 'welcome') return await engine.takeWelcome(transaction, item.bytes);
      if (item.kind === 'commit') return await engine.takeCommit(transaction, this.group, item.epoch, item.bytes);
      return await engine.open(transaction, this.group, item.bytes);
    });
    const { state } = outcome;
    this.outcomes[state] = (this.outcomes[state] ?? 0) + 1;
    const allowed = { welcome: ['joined'], commit: ['applied', 'removed', 'stale'], message: ['decrypted', 'lost'] };
    if (!allowed[item.kind].includes(state)) throw new Error(`${item.kind}: ${JSON.stringify(outcome)}`);
    if (outcome.state === 'decrypted' && item.kind === 'message') {
      assert.equal(Buffer.from(outcome.plaintext).toString().trimEnd(), item.text);
    }
    // Only messages of before it joined (again), after it went, or of epochs too long ago may stay closed.
    if (outcome.state === 'lost') assert.ok(['epoch-gone', 'removed'].includes(outcome.reason), outcome.reason);
    if (outcome.state === 'lost') this.#count('epoch-gone');
  }

  /** Messages between two handshakes in any order; some of them even after the next handshakes. */
  #mixed(queue: readonly Item[]): Item[] {
    const mixed: Item[] = [];
    let waiting: Item[] = [];
    for (const item of queue) {
      if (item.kind === 'message') waiting.push(item);
      else {
        const late = waiting.filter(() => this.random.chance(0.3));
        mixed.push(...this.random.shuffled(waiting.filter((each) => !late.includes(each))), item);
        waiting = late;
      }
    }
    return [...mixed, ...this.random.shuffled(waiting)];
  }

  async #request(device: TestDevice): Promise<CommitRequest> {
    const others = this.members.filter((other) => other !== device);
    const room = this.#options.membersMax - this.server.members.size;
    const kind = this.random.pick(['add', 'remove', 'mixed', 'update']);
    const removable = this.random.sample(others, 1 + this.random.below(2)).slice(0, Math.max(0, others.length - 2));
    const remove = removable.map(({ device: { accountId, agentId } }) => ({ accountId, agentId }));
    this.#count(kind);
    if (kind === 'update') return {};
    if (kind === 'remove') return { remove };
    const add =
      room > 0 || kind === 'mixed'
        ? await this.#keyPackages(1 + this.random.below(Math.max(1, Math.min(3, room))))
        : [];
    return kind === 'add' ? { add } : { add, remove };
  }

  async #keyPackages(count: number): Promise<Uint8Array[]> {
    const packages: Uint8Array[] = [];
    const { suite = 'hybrid' } = this.#options;
    for (let index = 0; index < count; index++) {
      const device = await this.newDevice(this.random.pick(ACCOUNTS));
      const made = await device.step((engine, transaction) => engine.keyPackages(transaction, { count: 1, suite }));
      packages.push(...made.packages);
    }
    return packages;
  }

  async #afterRemovals({ removed }: PendingCommit): Promise<void> {
    for (const agentId of removed) {
      const device = this.#device(agentId);
      this.devices.delete(agentId);
      // The last few of them are asked again and again whether they read anything.
      this.gone.set(agentId, device);
      for (const [oldId, old] of [...this.gone].slice(0, -3)) {
        this.gone.delete(oldId);
        await old.engine.storage.close();
      }
    }
  }

  /** What is in memory is lost at every step; now and then the process, too. */
  async #lose(device: TestDevice): Promise<void> {
    if (this.random.chance(0.02)) await device.restart();
    else device.forget();
  }

  #device(agentId: string): TestDevice {
    const device = this.devices.get(agentId);
    if (device === undefined) throw new Error(`no device ${agentId}`);
    return device;
  }

  #count(name: string): void {
    this.counts[name] = (this.counts[name] ?? 0) + 1;
  }
}
