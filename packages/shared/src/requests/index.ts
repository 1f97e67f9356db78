/** Requests: ids, deadlines and which answers still fit. */
export { RequestTable } from './request-table.ts';
export type { RequestVerdict } from './request-table.ts';
export { IdTable } from './id-table.ts';
