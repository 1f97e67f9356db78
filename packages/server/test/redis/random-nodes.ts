/**
 * RandomNodes: three nodes on one Redis, each behind a proxy; outboxes, agents and members of a group that work through
 * them, and faults, all by chance. Not part of the product.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { seededRandom } from '@sealane/shared/testing';
import type { Lease, Store } from '../../src/store/store.ts';
import type { RedisServer } from '../redis-server.ts';
import { eventually } from '../test-server.ts';
import { LossyProxy } from './lossy-proxy.ts';
import { NaiveModel, count } from './naive-model.ts';
import { RandomFaults, type FaultyWorld } from './random-faults.ts';
import { RandomPublishers, specOf, type Chance } from './random-publishers.ts';
import { openStore, type Opened } from './store-host.ts';

const NODES = 3;
const AGENTS = ['ada', 'bob'] as const;
const READY_MS = 30_000;
/** So long that no lease runs out on a machine that has too much to do: whoever is to lose it is told so. */
const LEASE_MS = 300_000;

interface Node {
  readonly opened: Opened;
  readonly proxy: LossyProxy;
  /** Of the member of the group on it. */
  readonly member: string;
  lease: Lease | undefined;
  isAlive: boolean;
}

interface Attachment {
  readonly node: Node;
  readonly lease: Lease;
}

export class RandomNodes implements Chance, FaultyWorld {
  readonly model = new NaiveModel();
  readonly faults = new RandomFaults(this);
  readonly server: RedisServer;
  readonly #random: (size: number) => Uint8Array;
  readonly #nodes: Node[] = [];
  readonly #attached = new Map<string, Attachment>();
  readonly #ghosts: (Attachment & { readonly agentId: string })[] = [];
  readonly #closing: Promise<void>[] = [];
  readonly #ids = new Map<string, string>();
  isEnding = false;
  isStopped = false;
  #lives = 0;

  constructor(server: RedisServer, seed: number) {
    this.server = server;
    this.#random = seededRandom(seed);
  }

  async run(durationMs: number): Promise<void> {
    while (this.#nodes.length < NODES) this.#nodes.push(await this.#open());
    await this.#openQueues();
    const publishers = new RandomPublishers(this.model, this);
    const actors = [
      ...[0, 1, 2].map((index) => publishers.outbox(index)),
      publishers.sender(),
      ...AGENTS.map((agentId) => this.#agent(agentId)),
      ...Array.from({ length: NODES }, (_, index) => this.#member(index)),
      this.#ghost(),
    ];
    await this.faults.run(performance.now() + durationMs);
    for (const { proxy } of this.#nodes) proxy.isLossy = false;
    await eventually(
      'all nodes ready',
      () => this.#nodes.every(({ opened }) => opened.store.health.status === 'ready'),
      READY_MS,
    );
    this.isEnding = true;
    await Promise.all(actors);
  }

  /** Reads and acks all that is left, and looks at the whole. */
  async finish(): Promise<void> {
    for (const agentId of AGENTS) {
      const { store } = this.#node(0).opened;
      const lease = await store.claimAgent(agentId, 'main');
      for (const name of [`a:${agentId}`, `s:${agentId}`]) await this.#drain(name, lease);
    }
    const { holders } = this.model.queue('group');
    for (const { opened, member } of this.#nodes) {
      const { store } = opened;
      const held = [...holders].filter(([, holder]) => holder === member).map(([sequence]) => sequence);
      store.release(this.#ids.get('group') ?? '', 0, held, { node: store.node, epoch: 0 });
      // Answered behind what was released.
      await store.agentRecord('nobody');
    }
    holders.clear();
    await sleep(200);
    await this.#drain('group', await this.#node(0).opened.store.claimAgent('last', 'main'));
  }

  /** Ends it, whether it is done or not. */
  async stop(): Promise<void> {
    this.isEnding = true;
    this.isStopped = true;
    for (const { proxy } of this.#nodes) proxy.stop();
    await Promise.all([...this.#closing, ...this.#nodes.map(({ opened }) => opened.store.close())]);
  }

  async #drain(name: string, lease: Lease): Promise<void> {
    const { store } = this.#node(0).opened;
    const queueId = this.#ids.get(name) ?? '';
    for (;;) {
      const mark = this.model.beginRead(name);
      const items = await store.read(queueId, { after: 0, limit: 500, bytesMax: 1e8 }, lease);
      const got = this.model.endRead(name, items, mark);
      if (got.length === 0) break;
      await store.settle(
        queueId,
        got.map((sequence) => ({ kind: 'acked', sequence })),
        lease,
      );
      for (const sequence of got) this.model.queue(name).settled.add(sequence);
    }
    const info = await store.openQueue(specOf(name));
    this.model.checkWhole(name, info.nextSequence);
    const { waiting, waitingBytes, settledTo, nextSequence } = info;
    if (waiting !== 0 || waitingBytes !== 0 || settledTo !== nextSequence - 1)
      this.model.wrong.push(
        `${name} is not empty: ${JSON.stringify({ waiting, waitingBytes, settledTo, nextSequence })}`,
      );
  }

  below(end: number): number {
    const [high = 0, low = 0] = this.#random(2);
    return (high * 256 + low) % end;
  }

  #node(index: number): Node {
    return this.#nodes[index % NODES] as Node;
  }

  someStore(): Store {
    return this.#someNode().opened.store;
  }

  someProxy(): LossyProxy {
    return this.#someNode().proxy;
  }

  #someNode(): Node {
    return this.#node(this.below(NODES));
  }

  async #open(): Promise<Node> {
    const proxy = await LossyProxy.start(this.server.port);
    this.#lives += 1;
    const opened = await openStore({ url: proxy.url, node: `n${this.#lives}`, leaseMs: LEASE_MS });
    return { opened, proxy, member: `member-${this.#lives}`, lease: undefined, isAlive: true };
  }

  async #openQueues(): Promise<void> {
    for (const name of [...AGENTS.flatMap((agentId) => [`a:${agentId}`, `s:${agentId}`]), 'group']) {
      this.#ids.set(name, (await this.#node(0).opened.store.openQueue(specOf(name))).queueId);
      this.model.queue(name);
    }
  }

  async #agent(agentId: string): Promise<void> {
    while (!this.isEnding) {
      try {
        await this.#attach(agentId);
        for (let round = this.below(12); round >= 0; round--) {
          for (const name of [`a:${agentId}`, `s:${agentId}`]) await this.#work(name, this.#attached.get(agentId)!);
          await sleep(this.below(30));
        }
      } catch {
        await sleep(20);
      }
    }
  }

  async #attach(agentId: string): Promise<void> {
    const node = this.#someNode();
    const lease = await node.opened.store.claimAgent(agentId, 'main');
    const before = this.#attached.get(agentId);
    if (before !== undefined) this.#ghosts.push({ ...before, agentId });
    this.#attached.set(agentId, { node, lease });
  }

  async #work(name: string, { node, lease }: Attachment): Promise<void> {
    const { store } = node.opened;
    const queueId = this.#ids.get(name) ?? '';
    const queue = this.model.queue(name);
    const mark = this.model.beginRead(name);
    const items = await store.read(queueId, { after: 0, limit: 40, bytesMax: 1e8 }, lease);
    const got = this.model.endRead(name, items, mark);
    for (const sequence of got.filter(() => this.below(3) === 0)) {
      const isFailure = this.below(4) === 0;
      if (isFailure) queue.failuresSent.set(sequence, (queue.failuresSent.get(sequence) ?? 0) + 1);
      const settlement = isFailure
        ? ({ kind: 'failed', sequence, reason: 'no', at: 1 } as const)
        : ({ kind: 'acked', sequence } as const);
      store.settle(queueId, [settlement], lease).then(
        () => {
          if (!isFailure) queue.settled.add(sequence);
          else if (!queue.settled.has(sequence)) count(queue.failuresDone, sequence);
        },
        () => undefined,
      );
    }
  }

  /** Whoever lost an agent reads nothing of it and ends nothing any more. */
  async #ghost(): Promise<void> {
    while (!this.isEnding) {
      await sleep(this.below(50));
      const ghost = this.#ghosts[this.below(Math.max(this.#ghosts.length, 1))];
      if (ghost?.node.isAlive !== true) continue;
      const { node, lease, agentId } = ghost;
      const queueId = this.#ids.get(`a:${agentId}`) ?? '';
      const read = node.opened.store.read(queueId, { after: 0, limit: 1, bytesMax: 1 }, lease);
      const settled = node.opened.store.settle(queueId, [{ kind: 'acked-to', sequence: 1e9 }], lease);
      for (const [what, tried] of Object.entries({ read, settled })) {
        const outcome = await tried.then(
          () => 'done',
          () => 'refused',
        );
        if (outcome === 'done') this.model.wrong.push(`${agentId}: ${what} with a lease of before`);
      }
    }
  }

  async #member(index: number): Promise<void> {
    const { holders } = this.model.queue('group');
    while (!this.isEnding) {
      const node = this.#node(index);
      try {
        node.lease ??= await node.opened.store.claimAgent(node.member, 'main');
        await this.#workInGroup(node, node.lease, holders);
        if (this.below(10) === 0) this.#leaveGroup(node, node.lease);
      } catch {
        await sleep(20);
      }
      await sleep(this.below(30));
    }
  }

  async #workInGroup(node: Node, lease: Lease, holders: Map<number, string>): Promise<void> {
    const { member } = node;
    const { store } = node.opened;
    const queueId = this.#ids.get('group') ?? '';
    const queue = this.model.queue('group');
    const mark = this.model.beginRead('group');
    const items = await store.read(queueId, { after: 0, limit: 8, bytesMax: 1e8 }, lease);
    // A node that was killed meanwhile never learned of it.
    if (!node.isAlive) return;
    this.model.endRead('group', items, mark, member);
    const mine = [...holders].filter(([, holder]) => holder === member).map(([sequence]) => sequence);
    const freed = mine.filter(() => this.below(8) === 0);
    for (const sequence of freed) holders.delete(sequence);
    if (freed.length > 0) store.release(queueId, 0, freed, lease);
    for (const sequence of mine.filter((each) => !freed.includes(each) && this.below(2) === 0)) {
      store.settle(queueId, [{ kind: 'acked', sequence }], lease).then(
        () => queue.settled.add(sequence),
        () => undefined,
      );
    }
  }

  /** The member in whose name entries were read leaves; another one of its node goes on with them. */
  #leaveGroup(node: Node, lease: Lease): void {
    node.opened.store.releaseAgent(node.member, 'main', lease, 1);
    node.lease = undefined;
  }

  /** As with kill -9: whatever it held comes free when its lease is over, which is made to be at once. */
  async crashNode(): Promise<void> {
    const index = this.below(NODES);
    const node = this.#node(index);
    node.isAlive = false;
    node.proxy.stop();
    await sleep(20);
    // Whoever reads next may be answered before this is.
    const { holders } = this.model.queue('group');
    for (const [sequence, holder] of holders) if (holder === node.member) holders.delete(sequence);
    await this.server.command('DEL', `sealane:lease:${node.opened.store.node}`);
    this.#closing.push(node.opened.store.close());
    this.#nodes[index] = await this.#open();
  }
}
