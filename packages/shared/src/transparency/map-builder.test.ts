import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { concat, equalBytes, toHex, utf8Encode } from '../bytes/index.ts';
import { nativeCrypto as crypto } from '../crypto-native/index.ts';
import { ByteWriter } from '../bytes/index.ts';
import { mapProof, mapRoot, putMapValue } from './map-builder.ts';
import { decodeMapProof, encodeMapProof, keyBit, mapKey, verifyMapProof, type MapValue } from './map-proof.ts';
import { runSteps, type Steps } from './steps.ts';

/** The map over a table of nodes. */
class StoredMap {
  readonly nodes = new Map<string, Uint8Array>();

  put(key: Uint8Array, value: MapValue): Uint8Array {
    const { root, writes } = this.run(putMapValue(crypto, key, value));
    for (const { address, node } of writes) this.nodes.set(address, node);
    return root;
  }

  run<T>(steps: Steps<T>): T {
    return runSteps(steps, (address) => this.nodes.get(address));
  }
}

interface Entry {
  readonly key: Uint8Array;
  readonly value: MapValue;
}

/** The definition: empty is zeros, one leaf is its hash, more are the hash over the halves. */
function naiveRoot(entries: readonly Entry[], depth = 0): Uint8Array {
  const [first] = entries;
  if (first === undefined) return new Uint8Array(32);
  if (entries.length === 1) {
    const value = new ByteWriter().u32(first.value.count).bytes(first.value.entryHash).toBytes();
    return crypto.sha256(concat(Uint8Array.of(2), first.key, value));
  }
  const half = (bit: number): Uint8Array =>
    naiveRoot(
      entries.filter(({ key }) => keyBit(key, depth) === bit),
      depth + 1,
    );
  return crypto.sha256(concat(Uint8Array.of(3), half(0), half(1)));
}

const valueOf = (count: number): MapValue => ({ count, entryHash: crypto.sha256(utf8Encode(`${count}`)) });
// Keys that have many bits in common, which hashes never have: paths as deep as they can be.
const keys = fc.oneof(
  fc.uint8Array({ minLength: 32, maxLength: 32 }),
  fc.tuple(fc.nat(31), fc.nat(255)).map(([index, byte]) => new Uint8Array(32).with(index, byte)),
);
const puts = fc.array(fc.tuple(keys, fc.nat(1_000)), { minLength: 1, maxLength: 24 });

describe('the map of newest entries', () => {
  it('C: has the root of the definition after every put, and proves what is there and what is not', () => {
    fc.assert(
      fc.property(puts, keys, (changes, absentKey) => {
        const map = new StoredMap();
        const entries = new Map<string, Entry>();
        for (const [key, count] of changes) {
          const root = map.put(key, valueOf(count));
          entries.set(toHex(key), { key, value: valueOf(count) });
          expect(toHex(root)).toBe(toHex(naiveRoot([...entries.values()])));
          expect(toHex(map.run(mapRoot(crypto)))).toBe(toHex(root));
        }
        const root = map.run(mapRoot(crypto));
        for (const { key, value } of entries.values()) {
          const proof = map.run(mapProof(key));
          expect(verifyMapProof(crypto, { key, proof, mapRoot: root })).toEqual({ ok: true, value });
          expect(decodeMapProof(encodeMapProof(proof, key), key)).toEqual(proof);
        }
        const proof = map.run(mapProof(absentKey));
        const value = entries.get(toHex(absentKey))?.value;
        expect(verifyMapProof(crypto, { key: absentKey, proof, mapRoot: root })).toEqual({ ok: true, value });
        expect(decodeMapProof(encodeMapProof(proof, absentKey), absentKey)).toEqual(proof);
      }),
    );
  });

  it('C: no changed proof shows another value, and none shows absence of what is there', () => {
    const map = new StoredMap();
    const names = Array.from({ length: 40 }, (_, index) => `user-${index}`);
    for (const name of names) map.put(mapKey(crypto, name), valueOf(name.length));
    const root = map.run(mapRoot(crypto));
    fc.assert(
      fc.property(fc.constantFrom(...names, 'nobody', 'noone'), fc.nat(), fc.nat(255), (name, at, byte) => {
        const key = mapKey(crypto, name);
        const bytes = encodeMapProof(map.run(mapProof(key)), key);
        const changed = bytes.with(at % bytes.length, byte);
        const proof = decodeMapProof(changed, key);
        if (proof === undefined) return;
        const result = verifyMapProof(crypto, { key, proof, mapRoot: root });
        expect(result.ok).toBe(equalBytes(bytes, changed));
      }),
    );
  });

  it('a proof of one name says nothing of another', () => {
    const map = new StoredMap();
    for (const name of ['alice', 'bobby', 'carol']) map.put(mapKey(crypto, name), valueOf(1));
    const root = map.run(mapRoot(crypto));
    const proof = map.run(mapProof(mapKey(crypto, 'alice')));
    expect(verifyMapProof(crypto, { key: mapKey(crypto, 'bobby'), proof, mapRoot: root }).ok).toBe(false);
    const bytes = encodeMapProof(proof, mapKey(crypto, 'alice'));
    const moved = decodeMapProof(bytes, mapKey(crypto, 'bobby'))!;
    expect(verifyMapProof(crypto, { key: mapKey(crypto, 'bobby'), proof: moved, mapRoot: root }).ok).toBe(false);
  });

  it('stays small: a path of a thousand accounts has about a dozen levels, and about two nodes are stored for each', () => {
    const map = new StoredMap();
    for (let index = 0; index < 1_000; index++) map.put(mapKey(crypto, `user-${index}`), valueOf(1));
    const key = mapKey(crypto, 'user-7');
    expect(encodeMapProof(map.run(mapProof(key)), key).length).toBeLessThan(25 * 32);
    expect(map.nodes.size).toBeLessThan(3_000);
  });

  it('has one encoding of each proof', () => {
    const key = new Uint8Array(32);
    const empty = encodeMapProof({ siblings: [undefined], leaf: undefined }, key);
    expect([...empty]).toEqual([0, 1, 0, 0]);
    expect(decodeMapProof(empty, key)).toEqual({ siblings: [undefined], leaf: undefined });
    expect(decodeMapProof(Uint8Array.of(0, 1, 0x40, 0), key)).toBeUndefined();
    expect(decodeMapProof(Uint8Array.of(0, 1, 0x80, ...new Uint8Array(32), 0), key)).toBeUndefined();
    expect(decodeMapProof(Uint8Array.of(1, 1, ...new Uint8Array(34)), key)).toBeUndefined();
    const ownAsOther = Uint8Array.of(0, 0, 2, ...key, ...new Uint8Array(36));
    expect(decodeMapProof(ownAsOther, key)).toBeUndefined();
    expect(decodeMapProof(Uint8Array.of(0, 0, 3), key)).toBeUndefined();
  });
});
