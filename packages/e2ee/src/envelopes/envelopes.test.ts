import {
  constants,
  createCipheriv,
  createDecipheriv,
  generateKeyPairSync,
  privateDecrypt,
  publicEncrypt,
  randomBytes,
} from 'node:crypto';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { utf8Encode } from '@sealane/shared/bytes';
import { generateEnvelopeKeys, type EnvelopeKeyPair } from './envelope-keys.ts';
import {
  ENVELOPE_BYTES_MAX,
  openDirectEnvelope,
  openSharedEnvelope,
  sealDirectEnvelope,
  sealSharedEnvelope,
  type DirectEnvelope,
} from './hybrid-envelope.ts';
import { decodePem, encodePem } from './pem.ts';

const { subtle } = globalThis.crypto;
const random = (size: number): Uint8Array => new Uint8Array(randomBytes(size));
const plaintext = utf8Encode('Grüße ✿');
const oaep = (key: string) => ({ key, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha256' });

/** The same envelope by `node:crypto` alone. */
function nodeSeal(text: Uint8Array, publicKey: string, keySize: 16 | 32 = 32): DirectEnvelope {
  const [key, iv] = [randomBytes(keySize), randomBytes(12)];
  const cipher = createCipheriv(keySize === 32 ? 'aes-256-gcm' : 'aes-128-gcm', key, iv);
  const sealed = Buffer.concat([cipher.update(text), cipher.final(), cipher.getAuthTag()]);
  return {
    encryptedMessage: sealed.toString('base64'),
    encryptedKey: publicEncrypt(oaep(publicKey), key).toString('base64'),
    iv: iv.toString('base64'),
  };
}

function nodeOpen({ encryptedMessage, encryptedKey, iv }: DirectEnvelope, privateKey: string): Buffer {
  const key = privateDecrypt(oaep(privateKey), Buffer.from(encryptedKey, 'base64'));
  const sealed = Buffer.from(encryptedMessage, 'base64');
  const decipher = createDecipheriv('aes-256-gcm', key, Buffer.from(iv, 'base64'));
  decipher.setAuthTag(sealed.subarray(-16));
  return Buffer.concat([decipher.update(sealed.subarray(0, -16)), decipher.final()]);
}

function nodeKeys(modulusLength: number): EnvelopeKeyPair {
  const publicKeyEncoding = { type: 'spki', format: 'pem' } as const;
  const privateKeyEncoding = { type: 'pkcs8', format: 'pem' } as const;
  return generateKeyPairSync('rsa', { modulusLength, publicKeyEncoding, privateKeyEncoding });
}

describe.each([2_048, 4_096] as const)('an envelope under RSA-%d', (bits) => {
  let ours: EnvelopeKeyPair;
  let theirs: EnvelopeKeyPair;
  beforeAll(async () => {
    ours = await generateEnvelopeKeys(subtle, bits);
    theirs = nodeKeys(bits);
  }, 60_000);

  it('I7: opens by node:crypto, and one of node:crypto opens here, under the keys of either', async () => {
    for (const { publicKey, privateKey } of [ours, theirs]) {
      const envelope = await sealDirectEnvelope(subtle, { plaintext, publicKey, random });
      expect(new Uint8Array(nodeOpen(envelope, privateKey))).toEqual(plaintext);
      expect(await openDirectEnvelope(subtle, { envelope, privateKey })).toEqual(plaintext);
      const foreign = nodeSeal(plaintext, publicKey);
      expect(await openDirectEnvelope(subtle, { envelope: foreign, privateKey })).toEqual(plaintext);
    }
  });

  it('I7: is for its recipient alone', async () => {
    const envelope = await sealDirectEnvelope(subtle, { plaintext, publicKey: ours.publicKey, random });
    expect(await openDirectEnvelope(subtle, { envelope, privateKey: theirs.privateKey })).toBeUndefined();
  });
});

describe('an envelope', () => {
  const keys = nodeKeys(2_048);
  const seal = (): Promise<DirectEnvelope> =>
    sealDirectEnvelope(subtle, { plaintext, publicKey: keys.publicKey, random });
  const open = (envelope: DirectEnvelope): Promise<Uint8Array | undefined> =>
    openDirectEnvelope(subtle, { envelope, privateKey: keys.privateKey });

  it('I7: for many is sealed once, and opens by name', async () => {
    const second = nodeKeys(2_048);
    const recipients = new Map([
      ['alice', keys.publicKey],
      ['__proto__', second.publicKey],
    ]);
    const envelope = await sealSharedEnvelope(subtle, { plaintext, recipients, random });
    expect(Object.keys(envelope.recipientKeys)).toEqual(['alice', '__proto__']);
    const travelled = JSON.parse(JSON.stringify(envelope)) as typeof envelope;
    const openAs = (name: string, privateKey: string): Promise<Uint8Array | undefined> =>
      openSharedEnvelope(subtle, { envelope: travelled, name, privateKey });
    expect(await openAs('alice', keys.privateKey)).toEqual(plaintext);
    expect(await openAs('__proto__', second.privateKey)).toEqual(plaintext);
    expect(await openAs('alice', second.privateKey)).toBeUndefined();
    expect(await openAs('toString', keys.privateKey)).toBeUndefined();
  });

  it('is never the same twice', async () => {
    const [one, two] = [await seal(), await seal()];
    const fields = [one, two].flatMap(({ encryptedMessage, encryptedKey, iv }) => [encryptedMessage, encryptedKey, iv]);
    expect(new Set(fields).size).toBe(6);
  });

  it.each<[string, (envelope: DirectEnvelope) => Partial<DirectEnvelope>]>([
    ['a changed content', ({ encryptedMessage }) => ({ encryptedMessage: `A${encryptedMessage.slice(1)}` })],
    ['a content cut off', ({ encryptedMessage }) => ({ encryptedMessage: encryptedMessage.slice(0, 8) })],
    ['no content', () => ({ encryptedMessage: '' })],
    ['another iv', () => ({ iv: Buffer.alloc(12).toString('base64') })],
    ['an iv of another size', () => ({ iv: Buffer.alloc(16).toString('base64') })],
    ['a changed key', ({ encryptedKey }) => ({ encryptedKey: `A${encryptedKey.slice(1)}` })],
    ['no base64', () => ({ encryptedKey: '%%%' })],
    ['more than it may hold', () => nodeSeal(new Uint8Array(ENVELOPE_BYTES_MAX + 2), keys.publicKey)],
    ['a key of AES-128', () => nodeSeal(plaintext, keys.publicKey, 16)],
  ])('I7: is refused with %s', async (_, change) => {
    let envelope = await seal();
    // A changed first character may be the one that was there.
    while (envelope.encryptedMessage.startsWith('A') || envelope.encryptedKey.startsWith('A')) envelope = await seal();
    expect(await open({ ...envelope, ...change(envelope) })).toBeUndefined();
  });

  it('has limits, and takes keys that are some', async () => {
    const publicKey = keys.publicKey;
    const large = sealDirectEnvelope(subtle, { plaintext: new Uint8Array(ENVELOPE_BYTES_MAX + 1), publicKey, random });
    await expect(large).rejects.toThrow(RangeError);
    const nobody = sealSharedEnvelope(subtle, { plaintext, recipients: new Map(), random });
    await expect(nobody).rejects.toThrow(RangeError);
    const bare = publicKey.replace(/-----[^-]+-----/g, '').replace(/\s/g, '');
    const envelope = await sealDirectEnvelope(subtle, { plaintext, publicKey: bare, random });
    expect(await open(envelope)).toEqual(plaintext);
    for (const wrong of ['', 'x', keys.privateKey, nodeKeys(1_024).publicKey, 'A'.repeat(20_000)]) {
      const refused = sealDirectEnvelope(subtle, { plaintext, publicKey: wrong, random });
      await expect(refused).rejects.toMatchObject({ code: 'E_KEY_FILE' });
    }
    const opened = openDirectEnvelope(subtle, { envelope, privateKey: publicKey });
    await expect(opened).rejects.toMatchObject({ code: 'E_KEY_FILE' });
  });
});

describe('PEM', () => {
  it('is that of node:crypto, line by line', () => {
    const { publicKey } = nodeKeys(2_048);
    expect(encodePem('PUBLIC KEY', decodePem('PUBLIC KEY', publicKey)!)).toBe(publicKey);
    expect(decodePem('PRIVATE KEY', publicKey)).toBeUndefined();
  });
});
