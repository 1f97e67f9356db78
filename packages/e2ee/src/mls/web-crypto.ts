/** webCrypto: the suites of `ts-mls` over WebCrypto, made when they are first asked for. */
import { portableCrypto } from '@sealane/shared/crypto';
import { defaultCryptoProvider, getCiphersuiteFromName, type CiphersuiteImpl } from 'ts-mls';
import { canonicalSignature } from './canonical-signature.ts';
import { SUITES, type MlsCrypto, type SuiteName } from './mls-crypto.ts';

const suites = new Map<SuiteName, Promise<CiphersuiteImpl>>();

/**
 * The primitives of MLS over WebCrypto, for browsers. Not for Node.js: `nodeMlsCrypto` is ten times as fast there, and
 * a public key of low order, which any peer may send, ends a process of Node.js 24 here (it asserts that the failure
 * left nothing behind).
 */
export const webCrypto: MlsCrypto = {
  name: 'web',
  signingPublicKey: (seed) => portableCrypto.ed25519PublicKey(seed),
  suite(name) {
    const suite = suites.get(name) ?? makeSuite(name);
    suites.set(name, suite);
    return suite;
  },
};

async function makeSuite(name: SuiteName): Promise<CiphersuiteImpl> {
  const suite = await defaultCryptoProvider.getCiphersuiteImpl(getCiphersuiteFromName(SUITES[name]));
  return { ...suite, signature: canonicalSignature(suite.signature) };
}
