/**
 * RedisNode: what a store on Redis is made of, and what holds it together: the link, the life of the node, the lanes, and
 * what is known here of queues that are read and agents that are served. The port itself is redis-store.ts.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { monotonicNow } from '@sealane/node/transport';
import { toHex } from '@sealane/shared/bytes';
import { systemStoreEnvironment, type StoreEnvironment } from '../environment.ts';
import { DEFAULT_QUEUE_LIMITS } from '../limits.ts';
import type { Lease, QueueLimits, StoreListener } from '../store.ts';
import { NodeLife, type PeerNode } from './node-life.ts';
import { PublishLane } from './publish-lane.ts';
import { RedisBans } from './redis-bans.ts';
import { KnownQueues } from './known-queues.ts';
import { nameOfQueue, queueSpecOf } from './queue-id.ts';
import type { RedisFault } from './redis-fault.ts';
import { RedisHealth } from './redis-health.ts';
import { RedisLink } from './redis-link.ts';
import type { RedisStoreOptions } from './redis-store-options.ts';
import { RedisFigures } from './store-figures.ts';
import { ServedAgents } from './served-agents.ts';
import { NODE_LEASE_MS, PUBLISH_WAIT_MS } from './times.ts';
import { readStoreMarker, writeStoreMarker } from './store-marker.ts';
import { WriteLane } from './write-lane.ts';

const DEFAULT_PREFIX = 'sealane:';
const NODE_LIFE_BYTES = 6;
/** How long `close` waits for what was handed in, while Redis answers. */
const CLOSE_WAIT_MS = 2_000;
const DOWN_WAIT_MS = 500;
const CLOSE_LOOK_MS = 10;

export class RedisNode {
  readonly name: string;
  readonly prefix: string;
  readonly environment: StoreEnvironment;
  readonly health: RedisHealth;
  readonly link: RedisLink;
  readonly publishing: PublishLane;
  readonly writing: WriteLane;
  readonly figures: RedisFigures;
  readonly bans: RedisBans;
  readonly #life: NodeLife;
  #listener: StoreListener | undefined;
  readonly #queues = new KnownQueues();
  readonly #woken = new Set<string>();
  readonly #served = new ServedAgents();
  readonly #markerFile: string | undefined;

  constructor(options: RedisStoreOptions) {
    const { url, prefix = DEFAULT_PREFIX, limits = DEFAULT_QUEUE_LIMITS, about = '', requireDurable = false } = options;
    const { leaseMs = NODE_LEASE_MS } = options;
    const environment = options.environment ?? systemStoreEnvironment;
    this.prefix = prefix;
    this.environment = environment;
    this.#markerFile = options.markerFile;
    this.name = `${options.node ?? 'node'}-${toHex(environment.random(NODE_LIFE_BYTES))}`;
    const { name } = this;
    this.health = new RedisHealth((health) => this.#listener?.onHealth(health));
    const { health } = this;
    this.link = new RedisLink({
      ...{ url, prefix, node: name, about, leaseMs, requireDurable, environment, health },
      onPastLost: (how) => {
        this.#onPastLost(how);
      },
      onReady: () => {
        this.wake(this.#queues.read());
        this.bans.changed();
      },
    });
    this.figures = new RedisFigures(this.link, prefix);
    this.bans = new RedisBans(this.link, prefix);
    this.#life = new NodeLife({
      ...{ url, prefix, node: name, link: this.link, health, limits, leaseMs },
      random: () => (environment.random(1)[0] ?? 0) / 256,
      onQueues: (names) => {
        this.wake(names);
      },
      onAgentLost: (claim) => {
        if (this.#served.has(claim)) this.#listener?.onAgentLost(claim.agentId, claim.instance, 'taken-over');
      },
      onSessionEnd: (claim) => {
        if (this.#served.has(claim)) options.onSessionEnd?.(claim);
      },
      onBansChanged: () => {
        this.bans.changed();
      },
      onPeerDied: () => {
        this.wake(this.#queues.readGroups());
      },
      readsGroups: () => this.#queues.readGroups().length > 0,
      onMinute: () => {
        this.#writeMarker();
      },
    });
    this.publishing = this.#makePublishing(limits);
    this.writing = this.#makeWriting();
  }

  get peers(): readonly PeerNode[] {
    return this.#life.peers;
  }

  get #isIdle(): boolean {
    return this.publishing.isIdle && this.writing.isIdle;
  }

  async open(listener: StoreListener): Promise<void> {
    this.#listener = listener;
    const marker = this.#markerFile === undefined ? undefined : readStoreMarker(this.#markerFile);
    if (marker !== undefined) this.link.marker = marker;
    try {
      await this.link.open();
      this.#writeMarker();
      await this.link.refreshTable();
      await this.figures.look();
      await this.#life.open();
    } catch (error) {
      await this.#life.close();
      this.link.close();
      throw error;
    }
  }

  async close(): Promise<void> {
    const endAt = monotonicNow() + CLOSE_WAIT_MS;
    while (!this.#isIdle && this.link.downMs < DOWN_WAIT_MS && monotonicNow() < endAt) await sleep(CLOSE_LOOK_MS);
    this.#listener = undefined;
    this.publishing.close();
    this.writing.close();
    await this.#life.close();
    this.link.close();
    this.#writeMarker();
  }

  /** Tells the owner of queues, given by name, that may have entries; outside of any call of its own. */
  wake(names: Iterable<string>): void {
    const isPlanned = this.#woken.size > 0;
    for (const name of names) {
      const queueId = this.#queues.idOf(name);
      if (queueId !== undefined) this.#woken.add(queueId);
    }
    if (isPlanned || this.#woken.size === 0) return;
    setImmediate(() => {
      const woken = [...this.#woken];
      this.#woken.clear();
      this.#listener?.onQueues(woken);
    });
  }

  /** A queue was opened here. @param made how many there are, where it was made just now. */
  noteOpened(queueId: string, made: string): void {
    this.#queues.noteOpened(queueId);
    this.figures.note({ queues: made });
  }

  noteReading(queueId: string): void {
    this.#queues.noteReading(queueId);
  }

  /** A group may have other readers here, which may have what this one held. */
  release(queueId: string, deliveredTo: number, held: readonly number[], lease: Lease): void {
    const name = nameOfQueue(queueId);
    const isGroup = queueSpecOf(name).kind === 'group';
    if (!isGroup) this.#queues.forgetReading(queueId);
    this.#wakeAfter(this.writing.release(queueId, deliveredTo, held, lease), isGroup ? [name] : []);
  }

  /** Of a group: what a read claimed whose answer got lost is free again, for whoever reads next. */
  releaseRead(queueId: string, readNumber: number, lease: Lease): void {
    this.#wakeAfter(this.writing.releaseRead(queueId, readNumber, lease), [nameOfQueue(queueId)]);
  }

  #wakeAfter(done: Promise<void>, names: readonly string[]): void {
    done.then(
      () => {
        this.wake(names);
      },
      () => undefined,
    );
  }

  noteClaim(agentId: string, instance: string, epoch: number): Lease {
    this.link.highestEpoch = Math.max(this.link.highestEpoch, epoch);
    const lease = { node: this.name, epoch };
    this.#served.note(agentId, instance, lease);
    return lease;
  }

  forgetClaim(agentId: string, instance: string, lease: Lease): void {
    this.#served.forget(agentId, instance, lease);
  }

  /** Bytes that are not what was written are never delivered as good; their sequences become skips (S5). */
  dropDamaged(queueId: string, sequences: readonly number[], lease: Lease): void {
    this.#tellIncident(`Entries of ${queueId} are damaged and were taken out: ${sequences.join(', ')}`);
    const settlements = sequences.map((sequence) => ({ kind: 'dropped', sequence, reason: 'purged' }) as const);
    this.writing.settle(queueId, settlements, lease).catch(() => undefined);
  }

  /** Takes deleted queues apart in the background. */
  reap(): void {
    this.#life.reap().catch(() => undefined);
  }

  #makePublishing({ eventsMax, bytesMax, retentionMs }: QueueLimits): PublishLane {
    const { link, health } = this;
    const marks = [eventsMax, bytesMax, retentionMs].map(String);
    return new PublishLane({
      queuesOf: (to) => link.table.queuesOf(to),
      toRedis: (wallMs) => link.clock.toRedis(wallMs),
      durability: () => health.durability,
      isReachable: () => link.downMs < PUBLISH_WAIT_MS,
      send: async (batch, [count = '', ...rest]) => {
        const head = [this.name, `p:${this.name}`, String(batch), link.store, String(link.table.version), count];
        return (await link.script('publish', [...head, ...marks, ...rest])) as string;
      },
      onStored: ({ next, waiting, queueNames, dueTimes }) => {
        this.#onStored(next);
        this.figures.note({ waiting });
        for (const due of dueTimes) this.#life.expectDue(due);
        this.wake(queueNames);
      },
      onCommit: (seconds) => {
        this.figures.noteCommit(seconds);
      },
      recover: (why) => link.recover(why),
      onFault: (fault) => {
        this.#onFault(fault);
      },
    });
  }

  #makeWriting(): WriteLane {
    const { link } = this;
    return new WriteLane({
      onSums: (waiting, deadLetters) => {
        this.figures.note({ waiting, deadLetters });
      },
      send: async (batch, operations) => {
        const head = [this.name, `w:${this.name}`, String(batch), link.store];
        return (await link.script('apply', [...head, ...operations])) as string;
      },
      recover: (why) => link.recover(why),
      onFault: (fault) => {
        this.#onFault(fault);
      },
    });
  }

  /** A disk that refuses it is told by whoever needs that disk. */
  #writeMarker(): void {
    const { marker } = this.link;
    if (this.#markerFile === undefined || marker.store === '') return;
    try {
      writeStoreMarker(this.#markerFile, marker);
    } catch (error) {
      this.#tellIncident(error instanceof Error ? error.message : 'The marker of the store cannot be written');
    }
  }

  #onStored(next: number): void {
    this.link.nextSequence = Math.max(this.link.nextSequence, next);
    if (this.health.has('redis-full') || this.health.has('redis-misconf'))
      this.health.clear('redis-full', 'redis-misconf');
  }

  #onFault(fault: RedisFault): void {
    this.health.add(fault.reason);
    if (fault.reason === 'redis-error') this.#tellIncident(fault.message);
  }

  /** Loud, not silent: acked events are gone. Agents have to come again, for their queues are not what they were. */
  #onPastLost(how: 'lost' | 'behind'): void {
    const what = how === 'lost' ? 'Redis was emptied or exchanged' : 'An older state of Redis came back';
    this.#tellIncident(`${what}: events that were acked are missing`);
    this.#queues.clear();
    for (const { agentId, instance } of this.#served.clear()) {
      setImmediate(() => this.#listener?.onAgentLost(agentId, instance, 'store-lost'));
    }
  }

  #tellIncident(message: string): void {
    setImmediate(() => this.#listener?.onIncident({ code: 'E_STORAGE', message }));
  }
}
