/** Crypto of `node:crypto`: an entry of its own, so that browsers never load it. */
export { nativeCrypto } from './native-crypto.ts';
