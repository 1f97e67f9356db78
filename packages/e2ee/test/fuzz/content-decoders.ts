/** Decoders of what other people and the server send into the end-to-end encryption: contents, boxes, codes. */
import { deepStrictEqual } from 'node:assert/strict';
import { concat, utf8Decode, utf8Encode } from '@sealane/shared/bytes';
import { StaticKeyPair } from '@sealane/shared/crypto';
import { nativeCrypto } from '@sealane/shared/crypto-native';
import { outcomeOf, seededRandom, type FuzzDecoder } from '@sealane/shared/testing';
import { AttachmentOpener, AttachmentSealer } from '../../src/attachments/index.ts';
import { applyContent, decodeContent, encodeContent, pad, unpad, viewOf } from '../../src/content/index.ts';
import { generateEnvelopeKeys, openDirectEnvelope, sealDirectEnvelope } from '../../src/envelopes/index.ts';
import { safetyCode, scanSafetyCode } from '../../src/identity/index.ts';
import { openBox, parseRecoveryText, recoveryText, sealBox, unwrapWithPassphrase } from '../../src/keys/index.ts';
import { contentSamples } from './content-samples.ts';

const account = new Uint8Array(32).fill(1);
const target = viewOf(
  { kind: 'text', id: new Uint8Array(16).fill(2), at: 0, expiresAfter: 0, body: { text: 'x' } },
  account,
);

/** Contents without their padding, so that mutants reach the fields. */
const contents: FuzzDecoder = {
  name: 'message-contents',
  seeds: () => contentSamples().map((content) => (unpad(encodeContent(content)) ?? account).slice()),
  decode(input) {
    decodeContent(input);
    const content = decodeContent(pad(input));
    if (content === undefined) return 'refused';
    deepStrictEqual(decodeContent(encodeContent(content)), content);
    if (target === undefined) return content.kind;
    const result = applyContent(target, content, account);
    return `${content.kind} ${result.ok ? 'ok' : result.breach}`;
  },
};

const recipient = new StaticKeyPair(nativeCrypto, new Uint8Array(32).fill(3));
const purpose = { domain: 'sealane fuzz 1', context: new Uint8Array(16) };

const boxes: FuzzDecoder = {
  name: 'sealed-boxes',
  seeds: () => {
    const random = seededRandom(1);
    const seal = (text: string): Uint8Array =>
      sealBox(nativeCrypto, purpose, { recipientKey: recipient.publicKey, plaintext: utf8Encode(text), random });
    return [seal('secret'), seal(''), seal('x'.repeat(500)), new Uint8Array(49).fill(1)];
  },
  decode: (input) => (openBox(nativeCrypto, purpose, { recipient, sealed: input }) === undefined ? 'refused' : 'ok'),
};

const recoveryTexts: FuzzDecoder = {
  name: 'recovery-texts',
  seeds: () => [recoveryText(account), '00000-'.repeat(14)].map(utf8Encode),
  decode(input) {
    const result = parseRecoveryText(utf8Decode(input) ?? '');
    if (!result.ok) return result.wrongGroups.length === 0 ? 'length' : 'groups';
    deepStrictEqual(parseRecoveryText(recoveryText(result.secret)), result);
    return 'ok';
  },
};

const mine = { accountId: account, recoveryKey: account };
const theirs = { accountId: recipient.publicKey, recoveryKey: account };

const safetyCodes: FuzzDecoder = {
  name: 'safety-codes',
  // Each code costs 10,400 hashes.
  runs: 50,
  seeds: () => [safetyCode(nativeCrypto, theirs, mine), 'sealane-verify-1:AAAA'].map(utf8Encode),
  decode: (input) => scanSafetyCode(nativeCrypto, utf8Decode(input) ?? '', { mine, theirs }),
};

/** A header of cheap parameters: mutants that ask for more are refused or take their time, which is what they say. */
const wraps: FuzzDecoder = {
  name: 'passphrase-wraps',
  runs: 20,
  limits: { timeMs: 60_000, bytes: 4_294_967_296 },
  // One is too short: the few mutants need not have one that is.
  seeds: () => [
    Uint8Array.of(1, 21, 8, 1, ...new Uint8Array(40)),
    Uint8Array.of(1, 4, 1, 1, ...new Uint8Array(40)),
    Uint8Array.of(1, 4, 1, 1),
  ],
  async decode(input) {
    // What costs more than a test may is covered by the bounds, which a unit test checks.
    if ((input[1] ?? 0) > 14 && (input[1] ?? 0) <= 20) return 'dear';
    const secret = await unwrapWithPassphrase(nativeCrypto, { passphrase: 'x', wrapped: input });
    return secret === undefined ? `refused ${input.length < 36}` : 'ok';
  },
};

const attachmentKey = { key: account, noncePrefix: account.subarray(0, 7) };
const FILE = utf8Encode('a file of some bytes');
const place = { group: account.subarray(0, 16), message: account.subarray(16), size: FILE.length };

const attachments: FuzzDecoder = {
  name: 'attachments',
  seeds: () => {
    const sealer = new AttachmentSealer(nativeCrypto, attachmentKey, place);
    return [concat(...sealer.push(FILE), ...sealer.end())];
  },
  decode(input) {
    const opener = new AttachmentOpener(nativeCrypto, attachmentKey, place);
    const act = (): void => {
      const half = input.length >> 1;
      const opened = concat(...opener.push(input.subarray(0, half)), ...opener.push(input.subarray(half)));
      // Only what was sealed ever comes out.
      if (opened.length > 0) deepStrictEqual(opened, FILE);
      opener.end();
    };
    return outcomeOf(act, ['E_UNDECRYPTABLE']);
  },
};

const { subtle } = globalThis.crypto;
let envelopeKeys: Awaited<ReturnType<typeof generateEnvelopeKeys>> | undefined;

/** The three fields of an envelope, one a line. RSA keys come from no seed: these differ from run to run. */
const envelopes: FuzzDecoder = {
  name: 'hybrid-envelopes',
  async seeds() {
    envelopeKeys = await generateEnvelopeKeys(subtle, 2_048);
    const { publicKey } = envelopeKeys;
    const sealed = await sealDirectEnvelope(subtle, { plaintext: FILE, publicKey, random: seededRandom(2) });
    return [utf8Encode([sealed.encryptedMessage, sealed.encryptedKey, sealed.iv].join('\n'))];
  },
  async decode(input) {
    envelopeKeys ??= await generateEnvelopeKeys(subtle, 2_048);
    const [encryptedMessage = '', encryptedKey = '', iv = ''] = (utf8Decode(input) ?? '').split('\n');
    const envelope = { encryptedMessage, encryptedKey, iv };
    const opened = await openDirectEnvelope(subtle, { envelope, privateKey: envelopeKeys.privateKey });
    if (opened !== undefined) deepStrictEqual(opened, FILE);
    return opened === undefined ? 'refused' : 'ok';
  },
};

export const CONTENT_DECODERS: readonly FuzzDecoder[] = [
  contents,
  boxes,
  recoveryTexts,
  safetyCodes,
  wraps,
  attachments,
  envelopes,
];
