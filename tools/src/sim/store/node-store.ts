/** NodeStore: the store of one node of several: every call goes to the service that they share, and may not come back. */
import type {
  AgentRecord,
  DeadLetter,
  Lease,
  NewEvent,
  Page,
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
} from '@sealane/server/store';
import { StorageError } from '@sealane/shared/errors';
import type { Process } from '../world/process.ts';
import type { StoreClaims } from './store-claims.ts';
import type { StoreClient } from './store-client.ts';
import type { StoreService } from './store-service.ts';

const NO_FIGURES: StoreFigures = {
  ...{ queues: 0, waiting: 0, deadLetters: 0, bytes: 0, freeDiskBytes: undefined },
  ...{ commits: 0, commitSeconds: 0, operations: 0 },
};
const RETRY_MS = 1_000;
const HEALTH = { reasons: [], durability: 'durable' } as const;

export class NodeStore implements Store, StoreClient {
  readonly kind = 'shared';
  readonly process: Process;
  readonly #service: StoreService;
  readonly #claims: StoreClaims;
  #listener: StoreListener | undefined;
  #health: StoreHealth = { ...HEALTH, status: 'unavailable' };

  constructor(service: StoreService, process: Process) {
    this.#service = service;
    this.#claims = service.claims;
    this.process = process;
  }

  get health(): StoreHealth {
    return this.#health;
  }

  async open(listener: StoreListener): Promise<void> {
    await this.#ask(() => Promise.resolve());
    this.#listener = listener;
    this.#health = { ...HEALTH, status: 'ready' };
    this.#service.join(this);
  }

  close(): Promise<void> {
    this.#listener = undefined;
    return Promise.resolve();
  }

  // StoreClient

  onQueues(queueIds: readonly string[]): void {
    this.#listener?.onQueues(queueIds);
  }

  onAgentLost(agentId: string, instance: string): void {
    this.#listener?.onAgentLost(agentId, instance, 'taken-over');
  }

  onHealth(status: StoreHealth['status']): void {
    if (status === this.#health.status) return;
    this.#health = { ...HEALTH, status };
    this.#listener?.onHealth(this.#health);
  }

  // Store

  async publish(events: readonly NewEvent[]): Promise<readonly PublishResult[]> {
    try {
      return await this.#ask((store) => store.publish(events));
    } catch {
      return events.map(() => ({ status: 'refused', code: 'E_STORE_UNAVAILABLE', retryAfterMs: RETRY_MS }));
    }
  }

  producerNumber(producer: ProducerRef): Promise<number> {
    return this.#ask((store) => store.producerNumber(producer));
  }

  async openQueue(spec: QueueSpec): Promise<QueueInfo> {
    const info = await this.#ask((store) => store.openQueue(spec));
    this.#claims.noteQueue(info.queueId, spec.kind === 'group');
    return info;
  }

  deleteQueue(spec: QueueSpec): Promise<boolean> {
    return this.#ask((store) => store.deleteQueue(spec));
  }

  queuesOf(agentId: string): Promise<readonly QueueInfo[]> {
    return this.#ask((store) => store.queuesOf(agentId));
  }

  groupQueues(request: Parameters<Store['groupQueues']>[0]): ReturnType<Store['groupQueues']> {
    return this.#ask((store) => store.groupQueues(request));
  }

  read(queueId: string, request: ReadRequest, lease: Lease): Promise<readonly QueueItem[]> {
    return this.#ask(async (store) => {
      const items = await store.read(queueId, request, this.#claims.inner(lease));
      const sequences = items.flatMap((item) => (item.kind === 'event' ? item.sequence : []));
      this.#claims.hold(store, lease, { queueId, sequences });
      return this.#claims.marked(queueId, items);
    });
  }

  readAgain(queueId: string, sequences: readonly number[], lease: Lease): Promise<readonly QueueEntry[]> {
    return this.#ask((store) => store.readAgain(queueId, sequences, this.#claims.inner(lease)));
  }

  /** Acks wait until the store is there again: settling what is settled does nothing. */
  async settle(queueId: string, settlements: readonly Settlement[], lease: Lease): Promise<void> {
    for (;;) {
      try {
        await this.#ask(async (store) => {
          await store.settle(queueId, settlements, this.#claims.inner(lease));
          this.#claims.drop(lease, { queueId, sequences: settlements.flatMap(endedBy) });
        });
        return;
      } catch (error) {
        if (!(error instanceof StorageError) || error.code !== 'E_STORE_UNAVAILABLE') throw error;
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
      }
    }
  }

  beginDelivery(queueId: string, lease: Lease): void {
    this.#tell((store) => store.beginDelivery(queueId, this.#claims.inner(lease)));
  }

  release(queueId: string, deliveredTo: number, held: readonly number[], lease: Lease): void {
    this.#tell((store) => this.#claims.release(store, lease, { queueId, sequences: held, deliveredTo }));
  }

  claimAgent(agentId: string, instance: string): Promise<Lease> {
    return this.#ask((store) => this.#service.claim(store, this, agentId, instance));
  }

  releaseAgent(_agentId: string, _instance: string, lease: Lease, at: number): void {
    this.#tell((store) => this.#claims.releaseAgent(store, lease, at));
  }

  async agentRecord(agentId: string): Promise<AgentRecord> {
    const record = await this.#ask((store) => store.agentRecord(agentId));
    return { ...record, node: this.#claims.nodeOf(agentId) };
  }

  forgetAgent(agentId: string): Promise<void> {
    return this.#ask((store) => store.forgetAgent(agentId));
  }

  deadLetters(request: Parameters<Store['deadLetters']>[0]): Promise<Page<DeadLetter>> {
    return this.#ask((store) => store.deadLetters(request));
  }

  deadLetter(id: string): Promise<DeadLetter | undefined> {
    return this.#ask((store) => store.deadLetter(id));
  }

  redrive(deadLetterId: string): Promise<boolean> {
    return this.#ask((store) => store.redrive(deadLetterId));
  }

  purgeDeadLetters(ids: readonly string[] | undefined): Promise<number> {
    return this.#ask((store) => store.purgeDeadLetters(ids));
  }

  addUsage(rows: readonly UsageRow[]): void {
    this.#tell((store) => store.addUsage(rows));
  }

  usage(request: Parameters<Store['usage']>[0]): Promise<Page<UsageRow>> {
    return this.#ask((store) => store.usage(request));
  }

  /** Of the service; as a node would remember them. */
  figures(): StoreFigures {
    return this.#service.figures ?? NO_FIGURES;
  }

  backup(destination: string): Promise<void> {
    return this.#ask((store) => store.backup(destination));
  }

  #ask<Answer>(work: (store: Store) => Promise<Answer>): Promise<Answer> {
    return this.#service.ask(this, work);
  }

  /** Nobody waits for it; where the store is gone, or another node serves the agent, it is for nothing. */
  #tell(work: (store: Store) => void): void {
    this.#ask((store) => {
      work(store);
      return Promise.resolve();
    }).catch(() => undefined);
  }
}

/** The entry that it ends; one that failed is still held. */
function endedBy(settlement: Settlement): number | readonly [] {
  const { kind } = settlement;
  return kind === 'acked' || kind === 'dead' || kind === 'dropped' ? settlement.sequence : [];
}
