/** Link: one connection to a server, from the TCP connect to its end. */
export { CallRefusedError } from './calls.ts';
export type { CallOptions } from './calls.ts';
export { openLink } from './open-link.ts';
export type { Link } from './link.ts';
export type { LinkEnd } from './link-end.ts';
