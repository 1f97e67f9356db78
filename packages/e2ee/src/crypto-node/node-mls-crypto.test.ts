import { randomBytes } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { type CiphersuiteImpl } from 'ts-mls';
import { webCrypto, type SuiteName } from '../mls/index.ts';
import { nodeMlsCrypto } from './node-mls-crypto.ts';

type Hpke = CiphersuiteImpl['hpke'];

const suiteOf = async (name: SuiteName): Promise<Record<'node' | 'web', Hpke>> => ({
  node: (await nodeMlsCrypto.suite(name)).hpke,
  web: (await webCrypto.suite(name)).hpke,
});

const bytes = (size: number): Uint8Array => Uint8Array.from(randomBytes(size));

describe.each<[SuiteName]>([['hybrid'], ['classical']])('nodeMlsCrypto, suite %s', (name) => {
  it('derives the same key pairs as WebCrypto', async () => {
    const { node, web } = await suiteOf(name);
    const material = bytes(64);
    const exported = async (hpke: Hpke): Promise<unknown> => {
      const pair = await hpke.deriveKeyPair(material);
      return [await hpke.exportPrivateKey(pair.privateKey), await hpke.exportPublicKey(pair.publicKey)];
    };
    expect(await exported(node)).toEqual(await exported(web));
  });

  it.each<['node' | 'web', 'node' | 'web']>([
    ['node', 'web'],
    ['web', 'node'],
    ['node', 'node'],
  ])('seals and exports by %s what opens by %s', async (from, to) => {
    const { [from]: sender, [to]: receiver } = await suiteOf(name);
    const pair = await receiver.generateKeyPair();
    const publicBytes = await receiver.exportPublicKey(pair.publicKey);
    const [info, associated, plaintext] = [bytes(40), bytes(7), bytes(300)];
    const sealed = await sender.seal(await sender.importPublicKey(publicBytes), plaintext, info, associated);
    const opened = await receiver.open(pair.privateKey, sealed.enc, sealed.ct, info, associated);
    expect(Buffer.from(opened).equals(plaintext)).toBe(true);
    const { enc, secret } = await sender.exportSecret(await sender.importPublicKey(publicBytes), associated, 48, info);
    expect(await receiver.importSecret(pair.privateKey, associated, enc, 48, info)).toEqual(secret);
  });

  it('refuses what was changed, and keys of other sizes, without an error of a connection', async () => {
    const { node } = await suiteOf(name);
    const pair = await node.generateKeyPair();
    const sealed = await node.seal(pair.publicKey, bytes(10), bytes(3));
    const changed = sealed.ct.slice();
    changed[0]! ^= 1;
    const short = sealed.enc.slice(1);
    await expect(node.open(pair.privateKey, sealed.enc, changed, new Uint8Array(3))).rejects.not.toHaveProperty(
      'retryAfterMs',
    );
    await expect(node.open(pair.privateKey, short, sealed.ct, new Uint8Array(3))).rejects.not.toHaveProperty(
      'retryAfterMs',
    );
    await expect(node.importPublicKey(bytes(31))).rejects.toThrow('bytes');
    const lowOrder = new Uint8Array((await node.exportPublicKey(pair.publicKey)).length);
    await expect(node.seal(await node.importPublicKey(lowOrder), bytes(1), bytes(1))).rejects.toThrow('low order');
  });
});
