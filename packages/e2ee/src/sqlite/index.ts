/** Storage in a SQLite file, for Node.js. */
export { SqliteStorage } from './sqlite-storage.ts';
export type { SqliteStorageOptions } from './sqlite-storage.ts';
