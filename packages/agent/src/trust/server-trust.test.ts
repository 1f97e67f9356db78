import { describe, expect, it } from '@jest/globals';
import { IdentityKeys, fingerprint } from '@sealane/shared/crypto';
import { nativeCrypto } from '@sealane/shared/crypto-native';
import { encodeKeySuccession } from '@sealane/shared/documents';
import { ProtocolError } from '@sealane/shared/errors';
import { explanationOf } from '@sealane/node/config';
import { MemoryKnownServers } from './known-server-store.ts';
import { ServerTrust, type Pin, type ProvedServer } from './server-trust.ts';

const NOW_SECONDS = 1_800_000_000;
const address = { host: 'host.example', port: 1337 };
const [first, second, third] = [1, 2, 3].map(
  (byte) => new IdentityKeys(nativeCrypto, new Uint8Array(32).fill(byte)),
) as [IdentityKeys, IdentityKeys, IdentityKeys];
const nameOf = (identity: IdentityKeys): string => fingerprint(nativeCrypto, identity.static.publicKey);

function proved(identity: IdentityKeys, successions: readonly Uint8Array[] = []): ProvedServer {
  return { address, serverKey: identity.static.publicKey, successions };
}

function succession(from: IdentityKeys, to: IdentityKeys, notAfter = NOW_SECONDS): Uint8Array {
  return encodeKeySuccession(from, { newKey: to.static.publicKey, notAfter });
}

function trusting(pins: readonly Pin[] = [], known = new MemoryKnownServers()) {
  const trust = new ServerTrust({
    crypto: nativeCrypto,
    pins,
    known,
    wallClock: () => NOW_SECONDS * 1_000,
    acceptCommand: (server, name) => `accept ${server} ${name}`,
  });
  return { trust, known };
}

function refusal(work: () => unknown): ProtocolError {
  try {
    work();
  } catch (error) {
    expect(error).toBeInstanceOf(ProtocolError);
    expect(error).toMatchObject({ code: 'E_IDENTITY_CHANGED' });
    return error as ProtocolError;
  }
  throw new Error('it was trusted');
}

describe('ServerTrust', () => {
  it('C8: the first contact is recorded; another key later is refused with both fingerprints and the command', () => {
    const { trust } = trusting();
    expect(trust.judge(proved(first))).toBe('first-contact');
    expect(trust.judge(proved(first))).toBe('known');
    const error = refusal(() => trust.judge(proved(second)));
    expect(error.message).toContain(nameOf(first));
    expect(error.message).toContain(nameOf(second));
    // Once, also where only the message is shown.
    expect(error.message).toContain(`accept host.example:1337 ${nameOf(second)}`);
    expect(JSON.stringify(explanationOf(error))).not.toContain('accept host');
    // What was refused is not remembered.
    expect(trust.judge(proved(first))).toBe('known');
  });

  it('C8: another process that was first decides', () => {
    const known = new MemoryKnownServers();
    const racing = {
      lookup: () => undefined,
      record: () => ({ fingerprint: nameOf(second) }),
      accept: () => undefined,
    };
    expect(() => trusting([], racing as unknown as MemoryKnownServers).trust.judge(proved(first))).toThrow(
      nameOf(second),
    );
    expect(known.lookup(address)).toBeUndefined();
  });

  it('B4: every pin must fit; what is known beside them does not count and stays', () => {
    const pin = (identity: IdentityKeys): Pin => ({ fingerprint: nameOf(identity), source: '--server-key' });
    const { trust, known } = trusting([pin(second)]);
    known.record(address, nameOf(first));
    expect(trust.judge(proved(second))).toBe('pinned');
    expect(known.lookup(address)).toEqual({ fingerprint: nameOf(first) });
    refusal(() => trust.judge(proved(first)));
    refusal(() => trusting([pin(second), pin(first)]).trust.judge(proved(second)));
    refusal(() => trusting([{ fingerprint: 'SHA256:short', source: 'x' }]).trust.judge(proved(second)));
  });

  it('C7: a chain of successions is followed until its date, from known keys and from pins', () => {
    const chain = [succession(first, second), succession(second, third)];
    const { trust, known } = trusting();
    trust.judge(proved(first));
    expect(trust.judge(proved(third, chain))).toBe('succeeded');
    expect(known.lookup(address)).toEqual({ fingerprint: nameOf(third) });
    expect(trust.judge(proved(third))).toBe('known');
    const pinned = trusting([{ fingerprint: nameOf(second), source: '--server-key' }]).trust;
    expect(pinned.judge(proved(third, chain))).toBe('pinned');
  });

  it('C7: late, foreign, broken and circular successions lead nowhere', () => {
    const late = succession(first, second, NOW_SECONDS - 1);
    const forged = succession(third, second);
    const damaged = succession(first, second).with(100, 0xff);
    for (const successions of [[late], [forged], [damaged], [succession(first, third)], [new Uint8Array(3)], []]) {
      const { trust } = trusting();
      trust.judge(proved(first));
      refusal(() => trust.judge(proved(second, successions)));
      expect(trust.judge(proved(first))).toBe('known');
    }
  });
});
