/** Server: the composition, and the library's face. */
export { backUp, restore } from './backup.ts';
export type { DisconnectReason } from './connections.ts';
export type { DrainOptions } from './drain.ts';
export { openListener } from './listener.ts';
export { MAIN_INSTANCE } from './roster.ts';
export { Server } from './server.ts';
export type {
  Listening,
  PublishOptions,
  PublishReceipt,
  ReloadOptions,
  ServerEvents,
  ToInstance,
} from './server-interface.ts';
export type { EventCounters, ServerCounters } from './server-counters.ts';
