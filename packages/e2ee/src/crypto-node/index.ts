/** Primitives of MLS over `node:crypto`. */
export { nodeMlsCrypto } from './node-mls-crypto.ts';
