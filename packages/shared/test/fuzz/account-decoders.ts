/** Decoders of accounts and of the transparency log. */
import { deepStrictEqual } from 'node:assert/strict';
import { equalBytes, utf8Decode, utf8Encode } from '../../src/bytes/index.ts';
import {
  applyStatement,
  decodeCredential,
  decodeStatement,
  encodeCredential,
  encodeStatement,
  foldUsername,
  nextStatement,
  usernameFault,
  verifyAccountLog,
  type StatementContent,
} from '../../src/accounts/index.ts';
import { IdentityKeys } from '../../src/crypto/index.ts';
import { nativeCrypto } from '../../src/crypto-native/index.ts';
import type { FuzzDecoder } from '../../src/testing/index.ts';
import {
  decodeInclusion,
  decodeMapProof,
  decodePath,
  decodeTreeHead,
  encodeInclusion,
  encodeMapProof,
  encodePath,
  encodeTreeHead,
  verifyMapProof,
  verifyTreeHead,
} from '../../src/transparency/index.ts';

const keys = new IdentityKeys(nativeCrypto, new Uint8Array(32).fill(1));
const hash = (seed: number): Uint8Array => new Uint8Array(32).fill(seed);
const KEY = hash(0x5a);

const CONTENTS: readonly StatementContent[] = [
  { kind: 'genesis', username: 'alice', recoveryKey: hash(9), firstSigningKey: keys.signingPublicKey },
  {
    kind: 'add-device',
    agentId: 'phone',
    transportKey: hash(8),
    signingKey: keys.signingPublicKey,
    name: 'Phone ✿',
    notBefore: 0,
    notAfter: 1_000,
  },
  { kind: 'revoke-device', agentId: 'phone' },
  { kind: 'profile', displayName: 'Alice' },
  { kind: 'reset', recoveryKey: hash(7) },
];

const GENESIS = nextStatement(undefined, { content: CONTENTS[0] as StatementContent, at: 5 }, keys);
const started = verifyAccountLog(nativeCrypto, [GENESIS]);
const STATE = started.ok ? started.state : undefined;

/** One statement: what is decoded has one encoding, and only the original is believed. */
const statements: FuzzDecoder = {
  name: 'account-statements',
  seeds: () => [GENESIS, ...CONTENTS.map((content) => nextStatement(STATE, { content, at: 5 }, keys))],
  decode(input) {
    const statement = decodeStatement(input);
    const result = applyStatement(nativeCrypto, STATE, input);
    if (statement === undefined) return result.ok ? 'none, but taken' : result.fault.code;
    // The signature is what is left to the signer: with the same one, the same bytes.
    const signer = { signingPublicKey: statement.author, sign: () => input.slice(-64) };
    if (!equalBytes(encodeStatement(statement, signer), input)) throw new Error('two encodings of one statement');
    return result.ok ? 'ok' : result.fault.code;
  },
};

const credentials: FuzzDecoder = {
  name: 'device-credentials',
  seeds: () => [
    encodeCredential({ accountId: hash(1), agentId: 'phone' }),
    encodeCredential({ accountId: hash(2), agentId: 'ä'.repeat(32) }),
    new Uint8Array(33),
    new Uint8Array(40).fill(1),
  ],
  decode(input) {
    const credential = decodeCredential(input);
    if (credential === undefined) return 'refused';
    if (!equalBytes(encodeCredential(credential), input)) throw new Error('two encodings of one credential');
    return 'ok';
  },
};

const usernames: FuzzDecoder = {
  name: 'usernames',
  seeds: () => ['alice', 'ADMIN', 'a_b-c', '-abc', 'ab', 'x'.repeat(33)].map(utf8Encode),
  decode(input) {
    const name = foldUsername(utf8Decode(input) ?? '');
    const fault = usernameFault(name);
    if (fault === undefined && utf8Encode(name).length > 32) throw new Error('a name that is too long');
    return fault ?? 'ok';
  },
};

const treeHeads: FuzzDecoder = {
  name: 'tree-heads',
  seeds: () => [encodeTreeHead({ treeSize: 7, root: hash(1), mapRoot: hash(2), at: 2 ** 41 }, keys)],
  decode(input) {
    const head = decodeTreeHead(input);
    if (head === undefined) return 'refused';
    const signer = { signingPublicKey: keys.signingPublicKey, sign: () => input.slice(-64) };
    if (!equalBytes(encodeTreeHead(head, signer), input)) throw new Error('two encodings of one head');
    return verifyTreeHead(nativeCrypto, input, keys.signingPublicKey) === undefined ? 'unsigned' : 'ok';
  },
};

const treePaths: FuzzDecoder = {
  name: 'tree-paths',
  seeds: () => [new Uint8Array(), encodePath([hash(1), hash(2)]), encodeInclusion({ index: 2 ** 40, path: [hash(3)] })],
  decode(input) {
    const path = decodePath(input);
    const inclusion = decodeInclusion(input);
    if (path !== undefined) deepStrictEqual(encodePath(path), Uint8Array.from(input));
    if (inclusion !== undefined) deepStrictEqual(encodeInclusion(inclusion), Uint8Array.from(input));
    return `${path === undefined} ${inclusion === undefined}`;
  },
};

const mapProofs: FuzzDecoder = {
  name: 'map-proofs',
  seeds: () => [
    encodeMapProof({ siblings: [], leaf: undefined }, KEY),
    encodeMapProof({ siblings: [hash(1), undefined, hash(2)], leaf: { key: KEY, count: 3, entryHash: hash(4) } }, KEY),
    encodeMapProof({ siblings: [undefined], leaf: { key: hash(0x5b), count: 3, entryHash: hash(4) } }, KEY),
  ],
  decode(input) {
    const proof = decodeMapProof(input, KEY);
    if (proof === undefined) return 'refused';
    if (!equalBytes(encodeMapProof(proof, KEY), input)) throw new Error('two encodings of one proof');
    return verifyMapProof(nativeCrypto, { key: KEY, proof, mapRoot: hash(6) }).ok ? 'believed' : 'read';
  },
};

export const ACCOUNT_DECODERS: readonly FuzzDecoder[] = [
  statements,
  credentials,
  usernames,
  treeHeads,
  treePaths,
  mapProofs,
];
