/**
 * NodeLife: what a node does of itself on Redis, at most two commands a second when idle, however many agents it serves:
 * it renews its lease, polls for wake-ups that got lost, keeps house, looks after the other nodes, and moves delayed events
 * when they are due.
 */
import { RedisConnection } from './redis-connection.ts';
import type { RedisFault } from './redis-fault.ts';
import type { RedisHealth } from './redis-health.ts';
import type { RedisLink } from './redis-link.ts';
import type { QueueLimits } from '../store.ts';
import { BANS_CHANGED } from './scripts/ban-scripts.ts';
import { endedClaimOf, type EndedClaim } from './served-agents.ts';
import { HOUSEKEEPING_MS, NODE_LEASE_MS, NODE_RENEW_MS, POLL_MS, RENEWALS_MIN, SETTINGS_MS } from './times.ts';

/** Another node, as this one knows it. */
export interface PeerNode {
  readonly node: string;
  /** What it told of itself. */
  readonly about: string;
}

export interface NodeLifeOptions {
  readonly url: string;
  readonly prefix: string;
  readonly node: string;
  readonly link: RedisLink;
  readonly health: RedisHealth;
  readonly limits: QueueLimits;
  /** How long the node counts as alive without a sign of life. */
  readonly leaseMs: number;
  readonly random: () => number;
  readonly onQueues: (queueIds: readonly string[]) => void;
  /** The lease of this epoch is another node's now. */
  readonly onAgentLost: (claim: EndedClaim) => void;
  /** Somebody ends the session that has the lease of this epoch. */
  readonly onSessionEnd: (claim: ReturnType<typeof endedClaimOf>) => void;
  readonly onBansChanged: () => void;
  /** Another node died: what its readers held is free. */
  readonly onPeerDied: () => void;
  /** Whether queues are read that other nodes may read too. */
  readonly readsGroups: () => boolean;
  /** Once a minute, while Redis is there. */
  readonly onMinute: () => void;
}

/** What a node is told, by the first character: the rest says of what. RENEW: the store is not what it was. */
const RENEW = 'r';
const QUEUE = 'q';
const AGENT_LOST = 'a';
const SESSION_END = 'd';
/** Members of the set of lost wake-ups that one poll takes. */
const POLL_COUNT_MAX = 1_000;
/** The longest time that a timer of Node takes. */
const TIMER_MS_MAX = 2_147_483_647;
/** Sweeps and reaps of one housekeeping; the rest is for the next. */
const STEPS_MAX = 64;

export class NodeLife {
  readonly #options: NodeLifeOptions;
  readonly #subscriber: RedisConnection;
  #timers: NodeJS.Timeout[] = [];
  #dueTimer: NodeJS.Timeout | undefined;
  #dueAt = Infinity;
  #isMoving = false;
  #isClosed = false;
  /** The other nodes that lived when this one looked last. */
  peers: readonly PeerNode[] = [];

  constructor(options: NodeLifeOptions) {
    this.#options = options;
    const channel = `${options.prefix}wake:${options.node}`;
    this.#subscriber = new RedisConnection({
      url: options.url,
      random: options.random,
      start: async (_send, client) => {
        await client.subscribe(channel, (message) => {
          this.#wake(message.split('\n'));
        });
      },
      onReady: () => undefined,
      // Until it is back, the poll finds what there is (M6).
      onFault: () => undefined,
      onAnswering: () => undefined,
    });
  }

  async open(): Promise<void> {
    await this.#subscriber.open();
    const { leaseMs } = this.#options;
    this.#every(Math.min(leaseMs / RENEWALS_MIN, NODE_RENEW_MS), () => this.#renew());
    this.#every(POLL_MS, () => this.#poll());
    this.#every(HOUSEKEEPING_MS, () => this.#keepHouse());
    // What a node held that died is free after two leases at the latest.
    this.#every(Math.min(leaseMs, NODE_LEASE_MS), () => this.#lookAtPeers());
    this.#every(SETTINGS_MS, async () => {
      this.#options.onMinute();
      await this.#options.link.checkSettings();
    });
    await this.#keepHouse();
  }

  /** Ends everything, and gives the lease up where Redis is there. */
  async close(): Promise<void> {
    this.#isClosed = true;
    for (const timer of this.#timers) clearInterval(timer);
    clearTimeout(this.#dueTimer);
    this.#subscriber.close();
    const { link, prefix, node } = this.#options;
    try {
      await Promise.all([
        link.send(['DEL', `${prefix}lease:${node}`, `${prefix}dirty:${node}`]),
        link.send(['HDEL', `${prefix}nodes`, node]),
      ]);
    } catch {
      // The lease runs out by itself.
    }
  }

  /** Takes note of a time, by Redis' clock, at which a delayed event is due. */
  expectDue(redisMs: number): void {
    if (redisMs >= this.#dueAt || this.#isClosed) return;
    this.#dueAt = redisMs;
    clearTimeout(this.#dueTimer);
    const delayMs = Math.min(Math.max(redisMs - this.#options.link.clock.now(), 1), TIMER_MS_MAX);
    this.#dueTimer = setTimeout(() => {
      this.#dueAt = Infinity;
      void this.#quietly(() => this.#moveDue());
    }, delayMs);
  }

  /** Takes deleted queues apart, for as long as there are some. */
  async reap(): Promise<void> {
    for (let step = 0; step < STEPS_MAX; step++) {
      if ((await this.#options.link.script('reap', [])) !== 1) return;
    }
  }

  #every(intervalMs: number, task: () => Promise<void>): void {
    const timer = setInterval(() => void this.#quietly(task), intervalMs);
    this.#timers.push(timer);
  }

  /** An outage is told by the connection; the next turn tries again. */
  async #quietly(task: () => Promise<void>): Promise<void> {
    if (this.#isClosed || !this.#options.link.isReady) return;
    try {
      await task();
    } catch (error) {
      const { health } = this.#options;
      const fault = error as RedisFault;
      if (fault.reason === 'redis-misconf' || fault.reason === 'redis-full') health.add(fault.reason);
    }
  }

  /** PEXPIRE works while the memory is full. A lease that ran out means that this node was away for too long. */
  async #renew(): Promise<void> {
    const { link, prefix, node, health, leaseMs } = this.#options;
    const isThere = await link.send(['PEXPIRE', `${prefix}lease:${node}`, String(leaseMs)]);
    if (isThere !== 1) link.renew();
    else if (health.isFaulty) await this.#probe();
  }

  async #probe(): Promise<void> {
    await this.#options.link.script('probe', []);
    this.#options.health.clear('redis-full', 'redis-misconf', 'redis-error');
  }

  async #poll(): Promise<void> {
    const { link, prefix, node } = this.#options;
    const found = (await link.send(['SPOP', `${prefix}dirty:${node}`, String(POLL_COUNT_MAX)])) as Iterable<string>;
    this.#wake([...found]);
  }

  #wake(members: readonly string[]): void {
    const queueIds: string[] = [];
    for (const member of members) {
      const about = member.slice(1);
      switch (member[0]) {
        case QUEUE:
          queueIds.push(about);
          break;
        case RENEW:
          this.#options.link.renew();
          break;
        case AGENT_LOST:
          this.#options.onAgentLost(endedClaimOf(about));
          break;
        case SESSION_END:
          this.#options.onSessionEnd(endedClaimOf(about));
          break;
        case BANS_CHANGED:
          this.#options.onBansChanged();
          break;
        default:
      }
    }
    if (queueIds.length > 0) this.#options.onQueues(queueIds);
  }

  async #keepHouse(): Promise<void> {
    const { link, node, limits } = this.#options;
    const reply = (await link.script('housekeeping', [node])) as readonly string[];
    const [redisMs = '', due = '', sweeps = '', gone = '', ...nodes] = reply;
    link.clock.set(Number(redisMs));
    if (due !== '') this.expectDue(Number(due));
    this.#setPeers(nodes);
    for (let step = 0; Number(sweeps) > 0 && step < STEPS_MAX; step++) {
      if ((await link.script('sweep', [String(limits.retentionMs)])) === 0) break;
    }
    if (Number(gone) > 0) await this.reap();
  }

  #setPeers(nodes: readonly string[]): void {
    const before = this.peers;
    const peers: PeerNode[] = [];
    for (let index = 0; index + 2 < nodes.length; index += 3) {
      const [node = '', about = '', alive] = nodes.slice(index, index + 3);
      if (node !== this.#options.node && alive === '1') peers.push({ node, about });
    }
    this.peers = peers;
    if (before.some(({ node }) => !peers.some((each) => each.node === node))) this.#options.onPeerDied();
  }

  /** One command while all live. */
  async #lookAtPeers(): Promise<void> {
    if (this.peers.length === 0 || !this.#options.readsGroups()) return;
    const { link, prefix } = this.#options;
    const alive = await link.send(['EXISTS', ...this.peers.map(({ node }) => `${prefix}lease:${node}`)]);
    if (alive !== this.peers.length) await this.#keepHouse();
  }

  async #moveDue(): Promise<void> {
    if (this.#isMoving) return;
    this.#isMoving = true;
    try {
      const { link, limits } = this.#options;
      const marks = [limits.eventsMax, limits.bytesMax, limits.retentionMs].map(String);
      for (;;) {
        const [next = '', ...pairs] = (await link.script('listDue', [])) as readonly string[];
        if (pairs.length === 0) {
          if (next !== '') this.expectDue(Number(next));
          return;
        }
        if (link.table.version < 0) await link.refreshTable();
        const routed = pairs.map((each, index) => (index % 2 === 0 ? each : link.table.queuesOf(each).join('\n')));
        const reply = await link.script('due', [String(link.table.version), ...marks, ...routed]);
        if (reply === 'stale') await link.refreshTable();
      }
    } catch (error) {
      // Tried again soon, and at the next housekeeping at the latest.
      this.expectDue(this.#options.link.clock.now() + POLL_MS);
      throw error;
    } finally {
      this.#isMoving = false;
    }
  }
}
