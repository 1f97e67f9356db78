/** Decoders of names, addresses and signed documents. */
import { deepStrictEqual } from 'node:assert/strict';
import { concat, equalBytes, utf8Decode, utf8Encode } from '../../src/bytes/index.ts';
import { IdentityKeys, ed25519ToX25519, parseFingerprint } from '../../src/crypto/index.ts';
import { nativeCrypto } from '../../src/crypto-native/index.ts';
import {
  KEY_SUCCESSION_BYTES,
  encodeEnrolmentToken,
  encodeKeySuccession,
  enrolmentTokenText,
  followKeySuccessions,
  isAgentName,
  parseEnrolmentToken,
  verifyEnrolmentToken,
} from '../../src/documents/index.ts';
import type { FuzzDecoder } from '../../src/testing/index.ts';
import {
  checkEventAddress,
  isGroupName,
  isTopic,
  isTopicPattern,
  parseEventAddress,
  topicMatches,
} from '../../src/topics/index.ts';

const texts = (...all: readonly string[]): readonly Uint8Array[] => all.map(utf8Encode);
/** As a peer's text comes: bytes that are no UTF-8 never get here, lone surrogates may, out of JSON. */
const textOf = (input: Uint8Array): string => utf8Decode(input) ?? Buffer.from(input).toString('utf16le');

/** A pattern and a topic, each on its line. Every topic is a pattern and matches itself. */
const topics: FuzzDecoder = {
  name: 'topics',
  seeds: () => texts('a.*.c\na.b.c', '>\na', 'fleet.>\nfleet.eu.7', 'a..b\n.', `${'a.'.repeat(16)}a\né`, '*\n*'),
  decode(input) {
    const [pattern = '', topic = ''] = textOf(input).split('\n');
    if (isTopic(topic) && !(isTopicPattern(topic) && topicMatches(topic, topic))) throw new Error('no pattern');
    if (isTopicPattern(pattern) && isTopic(topic)) return `matches ${topicMatches(pattern, topic)}`;
    return `${isTopicPattern(pattern)} ${isTopic(topic)} ${isGroupName(topic)}`;
  },
};

const eventAddresses: FuzzDecoder = {
  name: 'event-addresses',
  seeds: () => texts('agent:sensor-7', 'topic:a.b', 'topic:', 'agent:', 'agent:a\0b', 'topic:*', 'Topic:a'),
  decode(input) {
    const to = textOf(input);
    const address = parseEventAddress(to);
    const code = checkEventAddress(to);
    if ((address === undefined) !== (code !== undefined)) throw new Error(`${code} for an address`);
    return code ?? 'ok';
  },
};

const agentNames: FuzzDecoder = {
  name: 'agent-names',
  seeds: () => texts('sensor-7', 'ops@host/1:a+b.c_d', '-a', 'x'.repeat(65), 'a\u001b[31m'),
  decode(input) {
    const name = textOf(input);
    const isName = isAgentName(name);
    if (isName && utf8Encode(name).length > 64) throw new Error('a name that is too long');
    return String(isName);
  },
};

const fingerprints: FuzzDecoder = {
  name: 'fingerprints',
  seeds: () => texts(`SHA256:${'A'.repeat(43)}`, 'SHA256:', `sha256:${'b'.repeat(43)}`),
  decode: (input) => String(parseFingerprint(textOf(input)) !== undefined),
};

const identity = (seed: number): IdentityKeys => new IdentityKeys(nativeCrypto, new Uint8Array(32).fill(seed));
const issuer = identity(1);
const tokens = [{ agentId: 'agent-é', replace: true }, { replace: false }].map((rest, index) =>
  encodeEnrolmentToken(
    {
      ...{ tokenId: new Uint8Array(16).fill(index), serverKey: issuer.static.publicKey },
      ...{ issuedAt: 1_000, expiresAt: 2_000, ...rest },
    },
    issuer,
  ),
);

/** Only the documents that the server signed verify. */
const tokenDocuments: FuzzDecoder = {
  name: 'enrolment-token-documents',
  seeds: () => tokens,
  decode(input) {
    const result = verifyEnrolmentToken(nativeCrypto, input, issuer.signingPublicKey, 1_500);
    if (result.ok !== tokens.some((token) => equalBytes(token, input))) throw new Error('a forged token');
    return result.ok ? 'ok' : result.code;
  },
};

const tokenTexts: FuzzDecoder = {
  name: 'enrolment-token-texts',
  seeds: () => texts(...tokens.map(enrolmentTokenText), ' sealane-token-\n'),
  decode(input) {
    const text = textOf(input);
    const parsed = parseEnrolmentToken(text);
    if (parsed !== undefined) deepStrictEqual(enrolmentTokenText(parsed.bytes), text.trim());
    return parsed === undefined ? 'none' : 'ok';
  },
};

const links = [1, 2, 3].map((seed) =>
  encodeKeySuccession(identity(seed), { newKey: identity(seed + 1).static.publicKey, notAfter: 5_000 }),
);

/** Documents in a row. Only those that the keys signed lead from the first key to the last. */
const successions: FuzzDecoder = {
  name: 'key-successions',
  seeds: () => [concat(...links), links[0] as Uint8Array, concat(links[1] as Uint8Array, links[0] as Uint8Array)],
  decode(input) {
    const documents: Uint8Array[] = [];
    for (let at = 0; at < input.length; at += KEY_SUCCESSION_BYTES) {
      documents.push(input.subarray(at, at + KEY_SUCCESSION_BYTES));
    }
    const isFollowed = followKeySuccessions(nativeCrypto, {
      ...{ documents, knownKey: issuer.static.publicKey, provedKey: identity(4).static.publicKey, nowSeconds: 0 },
    });
    const isChain = documents.slice(-3).every((document, index) => equalBytes(document, links[index] as Uint8Array));
    if (isFollowed && !(isChain && documents.length >= 3)) throw new Error('a forged succession');
    return String(isFollowed);
  },
};

const signingKeys: FuzzDecoder = {
  name: 'signing-keys',
  seeds: () => [
    issuer.signingPublicKey,
    new Uint8Array(32),
    Uint8Array.of(1, ...new Uint8Array(31)),
    new Uint8Array(32).fill(255),
  ],
  decode(input) {
    const converted = input.length === 32 ? ed25519ToX25519(input) : undefined;
    if (converted !== undefined && converted.length !== 32) throw new Error(`${converted.length} bytes`);
    return converted === undefined ? 'none' : 'ok';
  },
};

export const TEXT_DECODERS: readonly FuzzDecoder[] = [
  ...[topics, eventAddresses, agentNames, fingerprints],
  ...[tokenDocuments, tokenTexts, successions, signingKeys],
];
