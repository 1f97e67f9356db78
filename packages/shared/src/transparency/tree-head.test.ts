import { describe, expect, it } from '@jest/globals';
import { IdentityKeys, portableCrypto } from '../crypto/index.ts';
import { nativeCrypto } from '../crypto-native/index.ts';
import { entryHash } from './directory-record.ts';
import { decodeInclusion, decodePath, encodeInclusion, encodePath } from './path.ts';
import { TREE_HEAD_BYTES, decodeTreeHead, encodeTreeHead, verifyTreeHead } from './tree-head.ts';

const keys = new IdentityKeys(nativeCrypto, new Uint8Array(32).fill(1));
const hash = (seed: number): Uint8Array => new Uint8Array(32).fill(seed);
const head = { treeSize: 2 ** 40 + 5, root: hash(1), mapRoot: hash(2), at: 1_700_000_000 };

describe.each([nativeCrypto, portableCrypto])('signed heads: $name', (crypto) => {
  it('C: verify with the key of the server, and not with another or after a change', () => {
    const bytes = encodeTreeHead(head, keys);
    expect(bytes).toHaveLength(TREE_HEAD_BYTES);
    expect(verifyTreeHead(crypto, bytes, keys.signingPublicKey)).toEqual(head);
    expect(verifyTreeHead(crypto, bytes, hash(3))).toBeUndefined();
    for (let index = 0; index < bytes.length; index++) {
      expect(verifyTreeHead(crypto, bytes.with(index, bytes[index]! ^ 0x10), keys.signingPublicKey)).toBeUndefined();
    }
    expect(decodeTreeHead(bytes.subarray(1))).toBeUndefined();
  });
});

describe('what travels', () => {
  it('refuses fields outside their range', () => {
    expect(() => encodeTreeHead({ ...head, treeSize: 2 ** 53 }, keys)).toThrow(RangeError);
    expect(() => encodeTreeHead({ ...head, root: hash(1).subarray(1) }, keys)).toThrow(RangeError);
    expect(() => encodePath([hash(1), hash(2).subarray(1)])).toThrow(RangeError);
  });

  it('paths decode to what they were, and nothing else does', () => {
    const path = [hash(1), hash(2)];
    expect(decodePath(encodePath(path))).toEqual(path);
    expect(decodePath(new Uint8Array())).toEqual([]);
    expect(decodePath(new Uint8Array(31))).toBeUndefined();
    expect(decodePath(new Uint8Array(4_096 + 32))).toBeUndefined();
    expect(decodeInclusion(encodeInclusion({ index: 7, path }))).toEqual({ index: 7, path });
    expect(decodeInclusion(new Uint8Array(7))).toBeUndefined();
    expect(decodeInclusion(new Uint8Array(8).fill(0xff))).toBeUndefined();
  });

  it('the hash of a record depends on every field', () => {
    const record = { accountId: hash(1), username: 'alice', count: 2, statementHash: hash(2) };
    const changes = [{}, { accountId: hash(3) }, { username: 'alicf' }, { count: 3 }, { statementHash: hash(4) }];
    const hashes = changes.map((change) => entryHash(nativeCrypto, { ...record, ...change }).join());
    expect(new Set(hashes).size).toBe(changes.length);
    expect(() => entryHash(nativeCrypto, { ...record, username: 'x'.repeat(33) })).toThrow(RangeError);
  });
});
