/** Streams: ids, credit and endings. The bytes themselves pass by; only what is allowed is decided here. */
export { StreamTable } from './stream-table.ts';
export type { OpenVerdict, StreamRole } from './stream-table.ts';
