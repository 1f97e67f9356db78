/** For tools and tests only: the parts of a server, so that the simulator composes them over a virtual world. */
export { createConnections } from '../server/create-connections.ts';
export { isEnrolled } from '../admission/index.ts';
export type {
  AgentDirectory,
  AgentPage,
  AgentStanding,
  EnrolledAgent,
  Enrolment,
  EnrolmentTerms,
} from '../admission/index.ts';
export { DEFAULT_DELIVERY_LIMITS, limitsOf } from '../config/index.ts';
export type { DeliveryLimits, ServerLimits } from '../config/index.ts';
export { Delivery, steadyClock } from '../delivery/index.ts';
export type { DeliveryEnvironment } from '../delivery/index.ts';
export { Relay, ServerHandlers, echo } from '../handlers/index.ts';
export { InboundBudget } from '../limits/index.ts';
export { Permissions } from '../permissions/index.ts';
export { MAIN_INSTANCE } from '../server/index.ts';
export { CommitError } from '../store/log/log-device.ts';
export type { Commit, CommitResult, LogDevice, OpenedLog } from '../store/log/log-device.ts';
export { LogStore } from '../store/log/log-store.ts';
export type { LogStoreOptions } from '../store/log/log-store-options.ts';
export { storeCompliance } from '../store/store.compliance.ts';
export type { StoreHarness } from '../store/testing/harness.compliance.ts';
export { VirtualEnvironment } from '../store/testing/virtual-environment.compliance.ts';
export { MemoryLog } from '../store/memory/memory-log.ts';
