import { describe, expect, it } from '@jest/globals';
import { StaticKeyPair } from '@sealane/shared/crypto';
import { nativeCrypto } from '@sealane/shared/crypto-native';
import { systemRandom } from '@sealane/node/transport';
import { listDevice, makeAccount, revokeDevice } from '@sealane/e2ee/identity';
import { DeviceKeys } from '@sealane/e2ee/keys';
import { DirectoryJudge } from './leaf-judge.ts';

const NOW = 1_000_000;

/** How the second device of an account stands at a time, in seconds, when it was revoked. */
function standing({
  revokedAt,
  at,
  isRelisted = false,
}: {
  revokedAt: number;
  at: number;
  isRelisted?: boolean;
}): string {
  const [phone, laptop, fresh] = Array.from({ length: 3 }, () => DeviceKeys.generate(nativeCrypto, systemRandom));
  const device = (agentId: string) => {
    const { publicKey: transportKey } = new StaticKeyPair(nativeCrypto, systemRandom(32));
    return { agentId, transportKey, name: agentId };
  };
  const by = { signer: phone!, at: 1 };
  const account = { username: 'alice', recoveryKey: systemRandom(32), device: device('phone') };
  const begun = makeAccount(nativeCrypto, account, by);
  const second = { ...device('laptop'), signingKey: laptop!.signingPublicKey };
  const listed = listDevice(nativeCrypto, begun.state, { device: second, ...by });
  const revocation = { agentId: 'laptop', signer: laptop!, at: revokedAt };
  let { state } = revokeDevice(nativeCrypto, listed.state, revocation);
  if (isRelisted) {
    const again = { ...second, signingKey: fresh!.signingPublicKey };
    ({ state } = listDevice(nativeCrypto, state, { device: again, ...by }));
  }
  const judge = new DirectoryJudge({ stateById: () => state }, () => NOW * 1_000);
  const { accountId } = state;
  return judge.judge({ accountId, agentId: 'laptop', signatureKey: laptop!.signingPublicKey, at: at * 1_000 });
}

describe('the judge of leaves', () => {
  it('E11: takes what a device did before it was revoked, and nothing after it', () => {
    expect(standing({ revokedAt: NOW - 100, at: NOW - 101 })).toBe('listed');
    expect(standing({ revokedAt: NOW - 100, at: NOW - 100 })).toBe('revoked');
    expect(standing({ revokedAt: NOW - 100, at: NOW - 101, isRelisted: true })).toBe('listed');
    expect(standing({ revokedAt: NOW - 100, at: NOW, isRelisted: true })).toBe('revoked');
  });

  it('E11: gives a device no time that its revocation says is still to come', () => {
    expect(standing({ revokedAt: NOW + 10 ** 6, at: NOW })).toBe('revoked');
    expect(standing({ revokedAt: NOW + 60, at: NOW })).toBe('listed');
  });
});
