/** Limits of delivery that are a server's own business (docs/protocols/delivery.md §9), not those of the wire. */

/** Windows, times, and what one connection may have waiting. */
export interface DeliveryLimits {
  /** Subscriptions that one connection may have open. */
  readonly subscriptionsPerConnectionMax: number;
  /** Durable subscriptions that one agent may have. */
  readonly subscriptionsPerAgentMax: number;
  /** Queues of all agents together. */
  readonly queuesMax: number;
  /** Deliveries of one subscription that may wait for their acks. */
  readonly windowEventsMax: number;
  /** Bytes of bodies of those. */
  readonly windowBytesMax: number;
  /** Bytes of bodies that one read of a queue takes. */
  readonly readBytesMax: number;
  /** How long an ack is waited for, where the agent names no time, and which times it may name. */
  readonly ackWaitMs: number;
  readonly ackWaitMsMin: number;
  readonly ackWaitMsMax: number;
  /** First and longest wait before a redelivery; it doubles between them. */
  readonly backoffMsMin: number;
  readonly backoffMsMax: number;
  /** Longest delay that a nack may ask for. */
  readonly nackDelayMsMax: number;
  /** Failures after which an event becomes a dead letter. */
  readonly failuresMax: number;
  /** Outboxes that one connection may have open. */
  readonly producersPerConnectionMax: number;
  /** Events of one connection that wait for the store: at either mark the connection is not read. */
  readonly publishingEventsMax: number;
  readonly publishingBytesMax: number;
  /** After this long without reading, events are refused instead, with this time to come back. */
  readonly publishPauseMs: number;
  readonly busyRetryMs: number;
  /** Agents whose presence one connection may watch. */
  readonly watchesPerConnectionMax: number;
  /** How often the presence of watched agents is looked up where other nodes serve agents too. */
  readonly presencePollMs: number;
  /** Usage is handed to the store at most this often. */
  readonly usageFlushMs: number;
  /** A deadline noticed this much late means that this program slept, not that agents were slow. */
  readonly ownPauseMs: number;
  /** How long to wait before an operation is tried again that the store did not do. */
  readonly storeRetryMs: number;
}

/** The defaults that docs/protocols/delivery.md §9 lists. */
export const DEFAULT_DELIVERY_LIMITS: DeliveryLimits = {
  subscriptionsPerConnectionMax: 1_024,
  subscriptionsPerAgentMax: 1_024,
  queuesMax: 4_000_000,
  windowEventsMax: 256,
  windowBytesMax: 8_388_608,
  readBytesMax: 1_048_576,
  ackWaitMs: 30_000,
  ackWaitMsMin: 1_000,
  ackWaitMsMax: 3_600_000,
  backoffMsMin: 1_000,
  backoffMsMax: 60_000,
  nackDelayMsMax: 3_600_000,
  failuresMax: 20,
  producersPerConnectionMax: 64,
  publishingEventsMax: 4_096,
  publishingBytesMax: 8_388_608,
  publishPauseMs: 1_000,
  busyRetryMs: 1_000,
  watchesPerConnectionMax: 1_024,
  presencePollMs: 5_000,
  usageFlushMs: 60_000,
  ownPauseMs: 2_000,
  storeRetryMs: 1_000,
};
