/** Delivery: durable events between the store and the agents, without sockets, storage and timers of its own. */
export type { AgentAttachment } from './agent-attachment.ts';
export { Delivery } from './delivery.ts';
export type { DeliveryOptions, StoreIncident } from './delivery.ts';
export type { DeliveryCounters } from './delivery-counters.ts';
export type { DeliveryEnvironment, DeliverySession, DeliverySink, ScheduledCall } from './environment.ts';
export { steadyClock } from './steady-clock.ts';
