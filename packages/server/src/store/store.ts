/**
 * Store: the port to what keeps events, and the words of it (docs/protocols/delivery.md §2, §3).
 *
 *   publish → log position, one queue entry for each queue that the address reaches → read → settle
 *
 * Every number is a safe integer; times are wall clock in ms (expiry, display), never intervals.
 */
import type { ErrorCode } from '@sealane/shared/errors';
import type { Histogram } from './histogram.ts';

/** What a receipt means: fsynced, or within the loss window that the operator chose. */
export type Durability = 'durable' | 'relaxed';

/** Who numbers events: one outbox of one agent. Its numbers begin with 1 and only grow. */
export interface ProducerRef {
  readonly agentId: string;
  /** Random name of the outbox, 16 characters of base64url. */
  readonly producerId: string;
}

/** An event as a producer hands it in. */
export interface NewEvent {
  /** Producer-made id, 1 to 128 bytes, unique within `from`. */
  readonly id: string;
  /** `agent:ID`, or `server` for the admin API and the library. */
  readonly from: string;
  /** `agent:ID` or `topic:NAME`. */
  readonly to: string;
  readonly contentType: string | null;
  /** At most `EVENT_BODY_BYTES_MAX`; owned by the store from now on. */
  readonly body: Uint8Array;
  readonly publishedAt: number;
  /** From this time on it is not delivered any more; `Number.MAX_SAFE_INTEGER` for never. */
  readonly expiresAt: number;
  /** Not delivered before; 0 for at once. */
  readonly dueAt: number;
  readonly durability: Durability;
  /**
   * How a repetition is known: by the number in an outbox (a high-water mark, no window), or by `id` within `from` for
   * 24 h, or not at all.
   */
  readonly dedup:
    | {
        readonly kind: 'number';
        readonly producer: ProducerRef;
        readonly number: number;
        readonly settledNumber: number;
      }
    | { readonly kind: 'id' }
    | { readonly kind: 'none' };
}

/** What became of one event. */
export type PublishResult =
  | {
      readonly status: 'stored' | 'duplicate';
      /** Position in the log, increasing; of a duplicate that of the first. */
      readonly sequence: number;
      readonly durability: Durability;
    }
  | {
      readonly status: 'refused';
      readonly code:
        | 'E_UNKNOWN_ADDRESS'
        | 'E_EVENT_CONFLICT'
        | 'E_EVENT_SETTLED'
        | 'E_QUEUE_FULL'
        | 'E_STORE_FULL'
        | 'E_STORE_UNAVAILABLE';
      /** 0 where trying again is of no use. */
      readonly retryAfterMs: number;
    };

/** What a queue collects, and for whom. */
export type QueueSpec =
  /** Events addressed to one agent. */
  | { readonly kind: 'agent'; readonly agentId: string }
  /** Events of the topics that a pattern matches, for one agent. */
  | { readonly kind: 'subscription'; readonly agentId: string; readonly pattern: string }
  /** The same, its work shared by all agents that join the group. */
  | { readonly kind: 'group'; readonly group: string; readonly pattern: string };

/** A queue as a store tells it. */
export interface QueueInfo {
  readonly queueId: string;
  readonly spec: QueueSpec;
  /** 16 bytes; another one means that sequences of before mean nothing any more (store restored, queue made anew). */
  readonly lineage: Uint8Array;
  /** Every delivery sequence up to this one is settled. */
  readonly settledTo: number;
  /** The sequence that the next entry gets; the first is 1. */
  readonly nextSequence: number;
  /** Entries that wait, settled ones not counted. */
  readonly waiting: number;
  readonly waitingBytes: number;
  /** Entries up to this sequence may have been delivered before: their next delivery is a repetition. */
  readonly deliveredTo: number;
}

/** Why sequences of a queue come without an event. */
export type SkipReason = 'expired' | 'retention' | 'overflow' | 'dead-letter' | 'purged';

/** One entry of a queue. */
export interface QueueEntry {
  readonly kind: 'event';
  /** Position in the queue: gapless from 1. */
  readonly sequence: number;
  /** Position in the log. */
  readonly eventSequence: number;
  readonly id: string;
  readonly from: string;
  /** Undefined for an event addressed to the agent. */
  readonly topic: string | undefined;
  readonly contentType: string | null;
  readonly body: Uint8Array;
  readonly publishedAt: number;
  readonly expiresAt: number;
  /** Failures that count towards a dead letter. */
  readonly failures: number;
  /** Of a group of several nodes: an agent at another node may have seen it, wherever `deliveredTo` stands. */
  readonly isRepeated?: boolean;
}

/** Sequences taken out without a delivery, to be announced. */
export interface QueueSkip {
  readonly kind: 'skip';
  readonly from: number;
  readonly to: number;
  readonly reason: SkipReason;
}

/** What a queue has at a sequence: an event, or that some sequences come without one. */
export type QueueItem = QueueEntry | QueueSkip;

/** What is to be read of a queue, in order of sequences. */
export interface ReadRequest {
  /** Only sequences above this one. */
  readonly after: number;
  readonly limit: number;
  /** Stops when bodies of this many bytes are read, after at least one item. */
  readonly bytesMax: number;
}

/** The end of a sequence in a queue. */
export type Settlement =
  | { readonly kind: 'acked'; readonly sequence: number }
  /** An announced skip was taken note of: all sequences of skips up to this one. */
  | { readonly kind: 'skip-seen'; readonly to: number }
  /** The agent says that it has everything up to here. */
  | { readonly kind: 'acked-to'; readonly sequence: number }
  /** A failure that counts; the entry stays. */
  | { readonly kind: 'failed'; readonly sequence: number; readonly reason: string; readonly at: number }
  /** The entry becomes a dead letter, and its sequence a skip. */
  | { readonly kind: 'dead'; readonly sequence: number; readonly reason: string; readonly at: number }
  /** The entry is taken out, and its sequence becomes a skip. */
  | { readonly kind: 'dropped'; readonly sequence: number; readonly reason: SkipReason };

/** A lease: which node serves an agent or consumes a queue, and since which take-over. Writes with an older one are refused. */
export interface Lease {
  readonly node: string;
  readonly epoch: number;
}

/** One entry of a dead-letter list. */
export interface DeadLetter {
  /** Of the dead letter itself. */
  readonly id: string;
  readonly eventId: string;
  readonly queueId: string;
  /** The queue in words: `agent:ID`, `ID PATTERN` or `group NAME PATTERN`. */
  readonly subscription: string;
  readonly from: string;
  readonly to: string;
  readonly reason: string;
  readonly attempts: number;
  /** Reasons of the failures, oldest first, at most 20. */
  readonly history: readonly { readonly at: number; readonly reason: string }[];
  readonly publishedAt: number;
  readonly deadAt: number;
  readonly contentType: string | null;
  readonly body: Uint8Array;
}

/** A page of a list. `next` is what to ask the next page with; undefined at the end. */
export interface Page<Item> {
  readonly items: readonly Item[];
  readonly next: string | undefined;
}

/** Which page of a list: the first, or the one after what `next` of a page says. */
export interface PageRequest {
  readonly after: string | undefined;
  /** 1 to 1,000. */
  readonly limit: number;
}

/** Usage of one agent in one period; adds up. */
export interface UsageCounts {
  readonly connections: number;
  readonly onlineMs: number;
  readonly eventsIn: number;
  readonly eventsOut: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
  readonly errors: number;
}

/** Usage of one agent in one hour. */
export interface UsageRow extends UsageCounts {
  readonly agentId: string;
  /** Start of the hour, ms. */
  readonly hour: number;
}

/** What is known of an agent beside its enrolment. */
export interface AgentRecord {
  readonly agentId: string;
  /** Wall clock ms; undefined when it never was here. */
  readonly lastSeenAt: number | undefined;
  /** Node on which its instance `main` is connected now, as far as the store knows. */
  readonly node: string | undefined;
  /** Its instances with the nodes that they are on now, where several nodes use the store. */
  readonly instances?: readonly { readonly instance: string; readonly node: string }[];
}

/** How a store is. */
export interface StoreHealth {
  readonly status: 'ready' | 'degraded' | 'unavailable' | 'failed';
  /** One word a reason: `disk-floor`, `redis-down`, `redis-slow`, `redis-config`, `corrupt`. */
  readonly reasons: readonly string[];
  readonly durability: Durability;
}

/** Figures for metrics. */
export interface StoreFigures {
  readonly queues: number;
  readonly waiting: number;
  readonly deadLetters: number;
  readonly bytes: number;
  readonly freeDiskBytes: number | undefined;
  /** Commits, and the time they took, since the start. */
  readonly commits: number;
  readonly commitSeconds: number;
  /** How long commits took, where the store tells them apart. */
  readonly commitHistogram?: Histogram;
  /** Operations of any kind handed to the engine behind the store since the start. */
  readonly operations: number;
}

/** What a store tells its owner. Calls come outside of any call of the owner into the store. */
export interface StoreListener {
  /** Queues that got entries, or entries that became due. May name one that has none any more. */
  onQueues(queueIds: readonly string[]): void;
  /**
   * Whoever serves the agent here must let go: another node took it over, or the store lost its past (flushed, restored)
   * and the agent has to come again.
   */
  onAgentLost(agentId: string, instance: string, reason: 'taken-over' | 'store-lost'): void;
  onHealth(health: StoreHealth): void;
  /** The store found damage, or lost its past (restored, flushed): loud, for log, audit and metrics. */
  onIncident(incident: { readonly code: ErrorCode; readonly message: string }): void;
}

/** Bounds of every queue; a queue is full at the first that is reached. */
export interface QueueLimits {
  readonly eventsMax: number;
  readonly bytesMax: number;
  readonly retentionMs: number;
}

/**
 * Port: what keeps events until they are settled. SQLite, Redis and memory stand behind it and pass the same compliance
 * suite (`testing/store-compliance.ts`).
 *
 * A store knows queues and positions. It knows nothing of connections, windows, deadlines and retries: those are the
 * delivery engine's.
 */
export interface Store {
  /** `sqlite`, `redis` or `memory`. */
  readonly kind: string;
  readonly health: StoreHealth;
  /** Opens it. @throws StorageError, ConfigError that say what to do. */
  open(listener: StoreListener): Promise<void>;
  /** Waits for what was handed in, and closes. */
  close(): Promise<void>;

  /**
   * Takes events, in order. Resolves when every one of them is as safe as its receipt says. Never rejects for what an
   * outage does: that is a refusal with `E_STORE_UNAVAILABLE`.
   */
  publish(events: readonly NewEvent[]): Promise<readonly PublishResult[]>;
  /** The highest number of this outbox that is stored; 0 for an unknown one. */
  producerNumber(producer: ProducerRef): Promise<number>;

  /** The queue, made where it is missing. Durable when it resolves. */
  openQueue(spec: QueueSpec): Promise<QueueInfo>;
  /** Forgets a queue and all that waits in it. @returns false when there is none. */
  deleteQueue(spec: QueueSpec): Promise<boolean>;
  /** Queues of one agent, its own one included. */
  queuesOf(agentId: string): Promise<readonly QueueInfo[]>;
  /** Queues of groups, in an order of the store's own. */
  groupQueues(request: PageRequest): Promise<Page<QueueInfo>>;
  /** Items of a queue that are due, in order. For a group another reader of any node gets other entries until `release`. */
  read(queueId: string, request: ReadRequest, lease: Lease): Promise<readonly QueueItem[]>;
  /** Single entries again, for redelivery; those that are settled by now are left out. */
  readAgain(queueId: string, sequences: readonly number[], lease: Lease): Promise<readonly QueueEntry[]>;
  /**
   * Ends entries. Resolves when it is durable; nobody needs to wait. Settling what is settled does nothing.
   *
   * @throws StorageError `E_FENCED` when the lease was lost: nothing of it happened then.
   */
  settle(queueId: string, settlements: readonly Settlement[], lease: Lease): Promise<void>;
  /** The first delivery since attach is about to happen: after a crash all that is there counts as delivered. */
  beginDelivery(queueId: string, lease: Lease): void;
  /** A consumer is gone: first deliveries got this far. Entries of a group that it held may be read by others. */
  release(queueId: string, deliveredTo: number, held: readonly number[], lease: Lease): void;

  /** This node serves the instance of the agent from now on. Others that did are told. */
  claimAgent(agentId: string, instance: string): Promise<Lease>;
  /** It is gone from here. Remembers when it was last seen. */
  releaseAgent(agentId: string, instance: string, lease: Lease, at: number): void;
  agentRecord(agentId: string): Promise<AgentRecord>;
  /** Forgets queues, usage, outboxes and last seen of an agent. */
  forgetAgent(agentId: string): Promise<void>;

  deadLetters(request: PageRequest & { readonly queueId?: string }): Promise<Page<DeadLetter>>;
  /** One of them; undefined when there is none of this id. */
  deadLetter(deadLetterId: string): Promise<DeadLetter | undefined>;
  /** Puts it back at the end of its queue, and out of the list. @returns false when there is none of this id. */
  redrive(deadLetterId: string): Promise<boolean>;
  /** @returns how many were removed; all of them without ids. */
  purgeDeadLetters(ids: readonly string[] | undefined): Promise<number>;

  /** Adds to the hour of `at`. Batched; never waited for. */
  addUsage(rows: readonly UsageRow[]): void;
  usage(
    request: PageRequest & { readonly agentId?: string; readonly from: number; readonly to: number },
  ): Promise<Page<UsageRow>>;

  figures(): StoreFigures;
  /** Copies a consistent state into a new directory or file. @throws StorageError `E_STORAGE`. */
  backup(destination: string): Promise<void>;
}
