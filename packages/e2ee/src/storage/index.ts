/** Storage: the port of a device's rows, in memory, and sealed at rest. */
export { encodeKey, encodePrefixEnd } from './key.ts';
export type { Key, KeyPart } from './key.ts';
export { MemoryStorage } from './memory-storage.ts';
export { decodeRow, encodeRow } from './row.ts';
export { isWholeRow } from './whole-row.ts';
export type { Row, Value } from './row.ts';
export { SealedStorage } from './sealed-storage.ts';
export type { RowCipher } from './sealed-storage.ts';
export type { DamagedRow, ListOptions, RowCheck, Storage, Transaction } from './storage.ts';
export { Turns } from './turns.ts';
