/** Config: what a server is created with, and its limits. */
export { DEFAULT_DELIVERY_LIMITS } from './delivery-limits.ts';
export type { DeliveryLimits } from './delivery-limits.ts';
export { LIMIT_PRESETS, limitsOf } from './limits.ts';
export type { LimitPreset, ServerLimits } from './limits.ts';
export { ENROLMENT_POLICIES } from './options.ts';
export type { EnrolmentPolicy, ListeningSocket, ServerOptions, SocketSource } from './options.ts';
