/**
 * RedisStore: the store of several nodes on one Redis (docs/protocols/delivery.md §3). Queues are streams, every step is one
 * script, and leases fence: whoever lost an agent to another node can change nothing of it any more.
 *
 *   publish → publish-lane → one script a batch → one fsync → receipts, wake-ups to the nodes that read the queues
 *
 * One primary (with replicas), not a cluster. It holds no state that Redis does not: a restart loses nothing.
 */
import { createHash } from 'node:crypto';
import { toHex } from '@sealane/shared/bytes';
import { StorageError } from '@sealane/shared/errors';
import type {
  AgentRecord,
  DeadLetter,
  Lease,
  NewEvent,
  Page,
  PageRequest,
  ProducerRef,
  PublishResult,
  QueueEntry,
  QueueInfo,
  QueueItem,
  QueueSpec,
  ReadRequest,
  Settlement,
  Store,
  StoreFigures,
  StoreHealth,
  StoreListener,
  UsageRow,
} from '../store.ts';
import { decodeDeadLetter } from './dead-letter-codec.ts';
import { decodeRead } from './entry-reader.ts';
import type { PeerNode } from './node-life.ts';
import { nameOfQueue, queueIdOf, queueNameOf, queueSpecOf } from './queue-id.ts';
import { AGAIN, QueueReads } from './queue-reads.ts';
import { RedisAgentDirectory } from './redis-agent-directory.ts';
import type { RedisBans } from './redis-bans.ts';
import { RedisNode } from './redis-node.ts';
import { RedisNodeBus } from './redis-node-bus.ts';
import type { RedisStoreOptions } from './redis-store-options.ts';
import type { SessionEnd } from './served-agents.ts';
import { readUsage, type UsageQuery } from './usage-pages.ts';

const LINEAGE_BYTES = 16;
const PURGE_PAGE = 1_000;
/** Where the answer of `openQueue` says how many queues there are, when it made one. */
const MADE_FIELD = 7;
/** The instance through which an agent counts as connected. */
const MAIN = 'main';

export class RedisStore implements Store {
  readonly kind = 'redis';
  /** Who is enrolled, for all nodes. */
  readonly agents: RedisAgentDirectory;
  readonly #node: RedisNode;
  readonly #reads: QueueReads;
  readonly #url: string;

  constructor(options: RedisStoreOptions) {
    this.#url = options.url;
    this.#node = new RedisNode(options);
    const { link, prefix, environment } = this.#node;
    this.#reads = new QueueReads(link, (queueId, readNumber, lease) => {
      this.#node.releaseRead(queueId, readNumber, lease);
    });
    this.agents = new RedisAgentDirectory(link, { prefix, random: (size) => environment.random(size) });
  }

  get health(): StoreHealth {
    return this.#node.health.value;
  }

  /** Who is banned, for all nodes. */
  get bans(): RedisBans {
    return this.#node.bans;
  }

  /** Unique for each life of a node. */
  get node(): string {
    return this.#node.name;
  }

  /** The other nodes that lived when this one looked last. */
  get peers(): readonly PeerNode[] {
    return this.#node.peers;
  }

  /** A way to the other nodes, beside events; it is opened and closed by whoever takes it. */
  nodeBus(): RedisNodeBus {
    const { name: node, prefix, environment } = this.#node;
    return new RedisNodeBus({ url: this.#url, prefix, node, random: () => (environment.random(1)[0] ?? 0) / 256 });
  }

  open(listener: StoreListener): Promise<void> {
    return this.#node.open(listener);
  }

  close(): Promise<void> {
    return this.#node.close();
  }

  publish(events: readonly NewEvent[]): Promise<readonly PublishResult[]> {
    return this.#node.publishing.publish(events);
  }

  async producerNumber({ agentId, producerId }: ProducerRef): Promise<number> {
    return Number(await this.#node.link.command(['HGET', `${this.#node.prefix}p:${agentId}:${producerId}`, 'high']));
  }

  async openQueue(spec: QueueSpec): Promise<QueueInfo> {
    const lineage = toHex(this.#node.environment.random(LINEAGE_BYTES));
    const agentId = spec.kind === 'group' ? '' : spec.agentId;
    const pattern = spec.kind === 'agent' ? '' : spec.pattern;
    const kind = spec.kind === 'subscription' ? 'topic' : spec.kind;
    await this.#node.writing.flushed();
    const reply = await this.#node.link.call('openQueue', [queueNameOf(spec), kind, agentId, pattern, lineage]);
    const info = this.#infoOf(reply);
    this.#node.noteOpened(info.queueId, (reply as readonly string[])[MADE_FIELD] ?? '');
    return info;
  }

  async deleteQueue(spec: QueueSpec): Promise<boolean> {
    const agentId = spec.kind === 'group' ? '' : spec.agentId;
    return await this.#deleteQueue(queueNameOf(spec), agentId);
  }

  async queuesOf(agentId: string): Promise<readonly QueueInfo[]> {
    await this.#node.writing.flushed();
    const reply = (await this.#node.link.call('queuesOf', [agentId])) as readonly unknown[];
    return reply.map((info) => this.#infoOf(info));
  }

  async groupQueues({ after = '', limit }: PageRequest): Promise<Page<QueueInfo>> {
    await this.#node.writing.flushed();
    const { link } = this.#node;
    await link.ready();
    await link.refreshTable();
    const names = link.table.groups.filter((name) => name > after).sort();
    const page = names.slice(0, limit);
    const reply = page.length === 0 ? [] : ((await link.call('queueInfos', page)) as readonly unknown[]);
    return { items: reply.map((info) => this.#infoOf(info)), next: names.length > limit ? page.at(-1) : undefined };
  }

  async read(queueId: string, request: ReadRequest, lease: Lease): Promise<readonly QueueItem[]> {
    const { after, limit, bytesMax } = request;
    return await this.#read(queueId, lease, [String(after), String(limit), String(bytesMax)]);
  }

  async readAgain(queueId: string, sequences: readonly number[], lease: Lease): Promise<readonly QueueEntry[]> {
    if (sequences.length === 0) return [];
    const items = await this.#read(queueId, lease, [AGAIN, ...sequences.map(String)]);
    return items.filter((item) => item.kind === 'event');
  }

  settle(queueId: string, settlements: readonly Settlement[], lease: Lease): Promise<void> {
    return this.#node.writing.settle(queueId, settlements, lease);
  }

  beginDelivery(queueId: string, lease: Lease): void {
    this.#node.writing.beginDelivery(queueId, lease);
  }

  release(queueId: string, deliveredTo: number, held: readonly number[], lease: Lease): void {
    this.#node.release(queueId, deliveredTo, held, lease);
  }

  async claimAgent(agentId: string, instance: string): Promise<Lease> {
    const epoch = await this.#node.link.call('claimAgent', [agentId, instance, this.node]);
    return this.#node.noteClaim(agentId, instance, Number(epoch));
  }

  releaseAgent(agentId: string, instance: string, lease: Lease, at: number): void {
    this.#node.forgetClaim(agentId, instance, lease);
    this.#node.writing.releaseAgent(agentId, instance, lease, at);
  }

  async agentRecord(agentId: string): Promise<AgentRecord> {
    await this.#node.writing.flushed();
    const [seen = '', ...pairs] = (await this.#node.link.call('agentRecord', [agentId])) as readonly string[];
    const instances = [];
    for (let index = 0; index + 1 < pairs.length; index += 2)
      instances.push({ instance: pairs[index] ?? '', node: pairs[index + 1] ?? '' });
    const node = instances.find(({ instance }) => instance === MAIN)?.node;
    return {
      agentId,
      lastSeenAt: seen === '' ? undefined : Number(seen),
      node,
      ...(instances.length > 0 && { instances }),
    };
  }

  /** Has other nodes end sessions of an agent. @returns how many of them. @throws RedisFault. */
  async endSessions({ agentId, instance, code }: SessionEnd): Promise<number> {
    return Number(await this.#node.link.call('endSessions', [agentId, instance ?? '', code ?? '', this.node]));
  }

  async forgetAgent(agentId: string): Promise<void> {
    for (const { queueId } of await this.queuesOf(agentId)) await this.#deleteQueue(nameOfQueue(queueId), agentId);
    await this.#node.link.call('forgetAgent', [agentId]);
  }

  async deadLetters(request: PageRequest & { readonly queueId?: string }): Promise<Page<DeadLetter>> {
    const { queueId = '', after = '0', limit } = request;
    await this.#node.writing.flushed();
    const args = [nameOfQueue(queueId), /^\d+$/.test(after) ? after : '0', String(limit + 1)];
    const found = (await this.#node.link.call('deadLetters', args, true)) as readonly (readonly Buffer[])[];
    const page = found.slice(0, limit);
    const items = page.flatMap((fields) => decodeDeadLetter(fields) ?? []);
    return { items, next: found.length > limit ? String(page.at(-1)?.[0]) : undefined };
  }

  async deadLetter(deadLetterId: string): Promise<DeadLetter | undefined> {
    await this.#node.writing.flushed();
    return decodeDeadLetter((await this.#node.link.call('deadLetter', [deadLetterId], true)) as readonly Buffer[]);
  }

  async redrive(deadLetterId: string): Promise<boolean> {
    await this.#node.writing.flushed();
    const [name = '', waiting = '', deadLetters = ''] = (await this.#node.link.call('redrive', [
      deadLetterId,
    ])) as readonly string[];
    if (name === '') return false;
    this.#node.figures.note({ waiting, deadLetters });
    this.#node.wake([name]);
    return true;
  }

  async purgeDeadLetters(ids: readonly string[] | undefined): Promise<number> {
    if (ids !== undefined) return ids.length === 0 ? 0 : await this.#purge(ids);
    let count = 0;
    for (;;) {
      const page = await this.#node.link.command(['ZRANGE', `${this.#node.prefix}deads`, '0', String(PURGE_PAGE - 1)]);
      if ((page as readonly string[]).length === 0) return count;
      count += await this.#purge(page as readonly string[]);
    }
  }

  addUsage(rows: readonly UsageRow[]): void {
    this.#node.writing.addUsage(rows);
  }

  async usage(query: UsageQuery): Promise<Page<UsageRow>> {
    await this.#node.writing.flushed();
    return await readUsage(this.#node.link, this.#node.prefix, query);
  }

  figures(): StoreFigures {
    return this.#node.figures.value;
  }

  backup(): Promise<void> {
    const why = 'The store is on Redis: copy its append-only directory, or run BGSAVE there';
    return Promise.reject(new StorageError('E_STORAGE', why));
  }

  async #read(queueId: string, lease: Lease, request: readonly string[]): Promise<readonly QueueItem[]> {
    // From now on this queue is woken here, so it is known here before.
    this.#node.noteReading(queueId);
    const reply = await this.#reads.run(queueId, lease, request);
    const { items, damaged } = decodeRead(reply, this.#node.link.clock);
    if (damaged.length > 0) this.#node.dropDamaged(queueId, damaged, lease);
    return items;
  }

  async #purge(ids: readonly string[]): Promise<number> {
    await this.#node.writing.flushed();
    const [count = 0, left] = (await this.#node.link.call('purgeDeadLetters', ids)) as readonly number[];
    this.#node.figures.note({ deadLetters: String(left) });
    return count;
  }

  async #deleteQueue(name: string, agentId: string): Promise<boolean> {
    await this.#node.writing.flushed();
    const [queues = '', waiting = ''] = (await this.#node.link.call('deleteQueue', [
      name,
      agentId,
    ])) as readonly string[];
    if (queues === '') return false;
    this.#node.figures.note({ queues, waiting });
    this.#node.reap();
    return true;
  }

  #infoOf(reply: unknown): QueueInfo {
    const [name = '', lineage = '', ...numbers] = reply as readonly string[];
    const [settledTo = 0, nextSequence = 1, waiting = 0, waitingBytes = 0, deliveredTo = 0] = numbers.map(Number);
    const counts = { settledTo, nextSequence, waiting, waitingBytes, deliveredTo };
    return { queueId: queueIdOf(name, lineage), spec: queueSpecOf(name), lineage: this.#lineageOf(lineage), ...counts };
  }

  /** When an older state came back, sequences of all queues mean nothing any more (M10). */
  #lineageOf(lineage: string): Uint8Array {
    const digest = createHash('sha256').update(`${lineage} ${this.#node.link.store}`).digest();
    return Uint8Array.from(digest.subarray(0, LINEAGE_BYTES));
  }
}
