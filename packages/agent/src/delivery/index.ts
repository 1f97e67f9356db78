/** Delivery: durable events, published through an outbox and received through an inbox, over any number of connections. */
export { AgentDelivery } from './agent-delivery.ts';
export type { RefusedEvent } from './agent-delivery.ts';
export { DeliveredEvent, JSON_CONTENT_TYPE, RetryLater } from './delivered-event.ts';
export type { NackOptions } from './delivered-event.ts';
export type { DeliveryLink } from './delivery-link.ts';
export { outgoingEvent } from './outgoing-event.ts';
export type { PublishOptions } from './outgoing-event.ts';
export { DEFAULT_OUTBOX_LIMITS } from './outbox.ts';
export type { OutboxLimits } from './outbox.ts';
export type { AgentPresence, PresenceListener, PresenceWatch } from './presence.ts';
export type { QueuedReceipt, Receipt } from './receipt.ts';
export type { EventHandler, SkippedEvents, SubscribeOptions, Subscription, SubscriptionState } from './subscription.ts';
