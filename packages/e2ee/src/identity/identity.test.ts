import { describe, expect, it } from '@jest/globals';
import { listedDevices } from '@sealane/shared/accounts';
import { portableCrypto } from '@sealane/shared/crypto';
import { nativeCrypto as crypto } from '@sealane/shared/crypto-native';
import { seededRandom } from '@sealane/shared/testing';
import { DeviceKeys, RecoveryKey } from '../keys/index.ts';
import {
  acceptIdentity,
  expectSendable,
  maySendTo,
  newContact,
  seeIdentity,
  unverify,
  verifyIdentity,
} from './contact.ts';
import { isRenewalDue, listDevice, makeAccount, revokeDevice } from './make-statements.ts';
import { safetyCode, safetyNumber, scanSafetyCode } from './safety-number.ts';

const random = seededRandom(7);
const at = 1_700_000_000;
const phone = DeviceKeys.generate(crypto, random);
const laptop = DeviceKeys.generate(crypto, random);
const recovery = RecoveryKey.generate(crypto, random);
const device = { agentId: 'phone', transportKey: random(32), name: 'Phone' };
const laptopDevice = {
  agentId: 'laptop',
  transportKey: random(32),
  signingKey: laptop.signingPublicKey,
  name: 'Laptop',
};
const account = { username: 'alice', recoveryKey: recovery.signingPublicKey, device };

describe('making statements', () => {
  const made = makeAccount(crypto, account, { signer: phone, at });

  it('an account begins with one device, lists more, renews and revokes', () => {
    expect(made.statements).toHaveLength(2);
    const two = listDevice(crypto, made.state, { device: laptopDevice, signer: phone, at });
    const renewed = listDevice(crypto, two.state, { device: laptopDevice, signer: laptop, at: at + 1_000 });
    expect(renewed.state.devices[1]?.notAfter).toBe((two.state.devices[1]?.notAfter ?? 0) + 1_000);
    const one = revokeDevice(crypto, renewed.state, { agentId: 'phone', signer: laptop, at });
    expect(listedDevices(one.state).map(({ agentId }) => agentId)).toEqual(['laptop']);
  });

  it('what no log may have is not made', () => {
    const revoke = { agentId: 'tablet', signer: phone, at };
    expect(() => revokeDevice(crypto, made.state, revoke)).toThrow('unknown-device');
    expect(() => makeAccount(crypto, { ...account, username: 'admin' }, { signer: phone, at })).toThrow('bad-username');
    expect(() => listDevice(crypto, made.state, { device: laptopDevice, signer: laptop, at })).toThrow(
      'unknown-author',
    );
  });

  it('is renewed in the last 30 days', () => {
    const notAfter = made.state.devices[0]?.notAfter ?? 0;
    expect(isRenewalDue(notAfter, at)).toBe(false);
    expect(isRenewalDue(notAfter, notAfter - 2_592_000)).toBe(false);
    expect(isRenewalDue(notAfter, notAfter - 2_591_999)).toBe(true);
  });
});

describe('safety numbers', () => {
  const alice = { accountId: new Uint8Array(32).fill(1), recoveryKey: new Uint8Array(32).fill(2) };
  const bob = { accountId: new Uint8Array(32).fill(3), recoveryKey: new Uint8Array(32).fill(4) };
  const number = safetyNumber(crypto, alice, bob);

  it('C: are 60 digits, the same for both, in both implementations', () => {
    expect(number).toMatch(/^(\d{5} ){11}\d{5}$/);
    expect(safetyNumber(crypto, bob, alice)).toBe(number);
    expect(safetyNumber(portableCrypto, alice, bob)).toBe(number);
  });

  it('are those of another implementation (hashlib of Python)', () => {
    expect(number).toBe('10602 61246 61285 20654 18127 66787 77068 50403 44047 48882 19858 90624');
  });

  it('C: change with each part of either identity', () => {
    const other = new Uint8Array(32).fill(9);
    const numbers = [
      number,
      safetyNumber(crypto, { ...alice, accountId: other }, bob),
      safetyNumber(crypto, { ...alice, recoveryKey: other }, bob),
      safetyNumber(crypto, alice, { ...bob, accountId: other }),
      safetyNumber(crypto, alice, { ...bob, recoveryKey: other }),
    ];
    expect(new Set(numbers).size).toBe(numbers.length);
  });

  it('C: a scanned code matches at the other side only', () => {
    const shownByBob = safetyCode(crypto, bob, alice);
    expect(scanSafetyCode(crypto, shownByBob, { mine: alice, theirs: bob })).toBe('match');
    expect(scanSafetyCode(crypto, ` ${shownByBob}\n`, { mine: alice, theirs: bob })).toBe('match');
    // The code that one shows oneself is no proof of the other.
    expect(scanSafetyCode(crypto, safetyCode(crypto, alice, bob), { mine: alice, theirs: bob })).toBe('mismatch');
    const mallory = { ...bob, recoveryKey: new Uint8Array(32).fill(5) };
    expect(scanSafetyCode(crypto, safetyCode(crypto, mallory, alice), { mine: alice, theirs: bob })).toBe('mismatch');
    for (const text of ['', 'https://example.org', 'sealane-verify-1:', 'sealane-verify-1:AAAA', `${shownByBob}A`]) {
      expect(scanSafetyCode(crypto, text, { mine: alice, theirs: bob })).toBe('not-a-code');
    }
  });
});

describe('trust in a contact', () => {
  const first = { accountId: new Uint8Array(32).fill(1), recoveryKey: new Uint8Array(32).fill(2) };
  const second = { ...first, recoveryKey: new Uint8Array(32).fill(3) };
  const met = newContact('bob', first);

  it('C: a change of an unverified contact is counted and blocks nothing', () => {
    const changed = seeIdentity(met, second);
    expect(changed).toMatchObject({ trust: 'unverified', changes: 1, identity: second });
    expect(maySendTo(changed)).toBe(true);
    expect(seeIdentity(met, { ...first })).toBe(met);
  });

  it('C: a change of a verified contact blocks sending until it is accepted or verified', () => {
    const verified = verifyIdentity(met, first);
    expect(verified.trust).toBe('verified');
    const changed = seeIdentity(verified, second);
    expect(maySendTo(changed)).toBe(false);
    expect(() => expectSendable(changed)).toThrow(expect.objectContaining({ code: 'E_UNVERIFIED' }));
    expect(acceptIdentity(changed, second)).toMatchObject({ trust: 'unverified', identity: second });
    expect(verifyIdentity(changed, second)).toMatchObject({ trust: 'verified', identity: second });
    expect(() => expectSendable(acceptIdentity(changed, second))).not.toThrow();
  });

  it('C: neither another change, nor a way back, nor forgetting unblocks', () => {
    const changed = seeIdentity(verifyIdentity(met, first), second);
    const back = seeIdentity(changed, first);
    expect(back).toMatchObject({ trust: 'changed', changes: 2 });
    expect(unverify(changed)).toBe(changed);
    // The user looked at one identity while another one came.
    expect(acceptIdentity(back, second)).toBe(back);
    expect(verifyIdentity(back, second)).toBe(back);
  });

  it('verification can be taken back', () => {
    expect(unverify(verifyIdentity(met, first)).trust).toBe('unverified');
    expect(acceptIdentity(met, first)).toBe(met);
  });
});
