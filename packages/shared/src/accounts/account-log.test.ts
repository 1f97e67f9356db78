import { describe, expect, it } from '@jest/globals';
import { toHex } from '../bytes/index.ts';
import { IdentityKeys } from '../crypto/index.ts';
import { nativeCrypto } from '../crypto-native/index.ts';
import { deviceOf, deviceWithKey, judgeDevice, listedDevices, type AccountState } from './account-state.ts';
import {
  RECOVERY_STATEMENTS,
  STATEMENTS_PER_ACCOUNT_MAX,
  applyStatement,
  nextStatement,
  verifyAccountLog,
} from './account-log.ts';
import {
  CERTIFICATE_SECONDS_MAX,
  GENESIS_PREVIOUS,
  decodeStatement,
  encodeStatement,
  type StatementContent,
} from './statement.ts';

const keysOf = (seed: number): IdentityKeys => new IdentityKeys(nativeCrypto, new Uint8Array(32).fill(seed));
const recovery = keysOf(200);
const phone = keysOf(1);
const laptop = keysOf(2);
const stranger = keysOf(3);

const genesis: StatementContent = {
  kind: 'genesis',
  username: 'alice',
  recoveryKey: recovery.signingPublicKey,
  firstSigningKey: phone.signingPublicKey,
};
const listing = (agentId: string, keys: IdentityKeys, from = 1_000): StatementContent => ({
  kind: 'add-device',
  agentId,
  transportKey: keys.static.publicKey,
  signingKey: keys.signingPublicKey,
  name: `the ${agentId}`,
  notBefore: from,
  notAfter: from + CERTIFICATE_SECONDS_MAX,
});
const revoking = (agentId: string): StatementContent => ({ kind: 'revoke-device', agentId });

/** A log that is written step by step; every step is verified. */
class Log {
  readonly statements: Uint8Array[] = [];
  state: AccountState | undefined;

  add(content: StatementContent, signer: IdentityKeys, at = 1_000): this {
    const bytes = nextStatement(this.state, { content, at }, signer);
    const result = applyStatement(nativeCrypto, this.state, bytes);
    if (!result.ok) throw new Error(result.fault.code);
    this.statements.push(bytes);
    this.state = result.state;
    return this;
  }

  /** The fault of a statement that would come next. */
  faultOf(content: StatementContent, signer: IdentityKeys): string {
    const result = applyStatement(nativeCrypto, this.state, nextStatement(this.state, { content, at: 1_000 }, signer));
    return result.ok ? 'ok' : result.fault.code;
  }
}

const started = (): Log => new Log().add(genesis, phone).add(listing('phone', phone), phone);
const withLaptop = (): Log => started().add(listing('laptop', laptop), phone);

describe('the log of an account', () => {
  it('C: verifies whole and in parts, to the same state', () => {
    const log = withLaptop().add({ kind: 'profile', displayName: 'Alice ✿' }, laptop).add(revoking('phone'), laptop);
    const whole = verifyAccountLog(nativeCrypto, log.statements);
    expect(whole).toEqual({ ok: true, state: log.state, warnings: [] });
    const half = verifyAccountLog(nativeCrypto, log.statements.slice(0, 3));
    if (!half.ok) throw new Error(half.fault.code);
    expect(verifyAccountLog(nativeCrypto, log.statements.slice(3), { after: half.state })).toEqual(whole);
    expect(log.state).toMatchObject({ username: 'alice', displayName: 'Alice ✿', count: 5 });
    expect(toHex(log.state!.accountId)).toBe(toHex(nativeCrypto.sha256(log.statements[0]!)));
    expect(listedDevices(log.state!).map(({ agentId }) => agentId)).toEqual(['laptop']);
  });

  it('an empty log is a fault, an empty continuation is not', () => {
    expect(verifyAccountLog(nativeCrypto, [])).toEqual({ ok: false, fault: { code: 'empty', index: 0 } });
    const { state } = started();
    expect(verifyAccountLog(nativeCrypto, [], { after: state! })).toMatchObject({ ok: true, state });
  });

  it('says which statement is wrong', () => {
    const { statements } = withLaptop();
    const swapped = [statements[0]!, statements[2]!, statements[1]!];
    expect(verifyAccountLog(nativeCrypto, swapped)).toEqual({ ok: false, fault: { code: 'wrong-index', index: 1 } });
  });

  it('too-long: a log has an end', () => {
    const state = { ...started().state!, count: STATEMENTS_PER_ACCOUNT_MAX };
    const bytes = nextStatement(state, { content: { kind: 'profile', displayName: '' }, at: 1_000 }, phone);
    expect(applyStatement(nativeCrypto, state, bytes)).toMatchObject({ fault: { code: 'too-long' } });
  });

  it('too-long: devices cannot fill a log so that the recovery key could not revoke them', () => {
    const log = withLaptop();
    log.state = { ...log.state!, count: STATEMENTS_PER_ACCOUNT_MAX - RECOVERY_STATEMENTS };
    expect(log.faultOf({ kind: 'profile', displayName: 'stolen' }, laptop)).toBe('too-long');
    expect(log.faultOf(revoking('laptop'), recovery)).toBe('ok');
    log.state = { ...log.state, count: log.state.count - 1 };
    expect(log.faultOf({ kind: 'profile', displayName: 'mine' }, laptop)).toBe('ok');
  });

  it('wrong-previous: a statement of another log at the same place', () => {
    const other = new Log().add({ ...genesis, username: 'alicia' }, phone);
    other.add(listing('phone', phone), phone);
    const mixed = [started().statements[0]!, other.statements[1]!];
    expect(verifyAccountLog(nativeCrypto, mixed)).toEqual({ ok: false, fault: { code: 'wrong-previous', index: 1 } });
  });

  it('bad-signature: a changed byte, in every field of a statement', () => {
    const { statements } = started();
    const last = statements[1]!;
    for (let index = 0; index < last.length; index++) {
      const changed = [statements[0]!, last.with(index, last[index]! ^ 1)];
      expect(verifyAccountLog(nativeCrypto, changed).ok).toBe(false);
    }
    const changed = [statements[0]!, last.with(last.length - 1, last.at(-1)! ^ 1)];
    expect(verifyAccountLog(nativeCrypto, changed)).toMatchObject({ fault: { code: 'bad-signature', index: 1 } });
  });

  it('bad-signature: S above the group order is refused, although tweetnacl alone takes it', () => {
    const { statements } = started();
    const last = Uint8Array.from(statements[1]!);
    const order = Buffer.from('1000000000000000000000000000000014def9dea2f79cd65812631a5cf5d3ed', 'hex').reverse();
    const s = last.subarray(-32);
    for (let index = 0, carry = 0; index < 32; index++) {
      const sum = s[index]! + order[index]! + carry;
      s[index] = sum & 0xff;
      carry = sum >> 8;
    }
    const result = applyStatement(nativeCrypto, new Log().add(genesis, phone).state, last);
    expect(result).toEqual({ ok: false, fault: { code: 'bad-signature', index: 1 } });
  });
});

describe('who may say what', () => {
  it('not-genesis: another beginning, and a second genesis', () => {
    expect(new Log().faultOf(listing('phone', phone), phone)).toBe('not-genesis');
    expect(started().faultOf(genesis, phone)).toBe('not-genesis');
  });

  it('genesis: signed by the first device, a good name, a recovery key of its own', () => {
    expect(new Log().faultOf(genesis, stranger)).toBe('unknown-author');
    expect(new Log().faultOf({ ...genesis, username: 'Alice' }, phone)).toBe('bad-username');
    expect(new Log().faultOf({ ...genesis, username: 'admin' }, phone)).toBe('bad-username');
    const same = { ...genesis, recoveryKey: phone.signingPublicKey } as StatementContent;
    expect(new Log().faultOf(same, phone)).toBe('key-in-use');
  });

  it('first-device: statement 1 lists the device of the genesis, and nothing else does', () => {
    const log = new Log().add(genesis, phone);
    expect(log.faultOf(listing('laptop', laptop), phone)).toBe('first-device');
    expect(log.faultOf(listing('phone', phone), recovery)).toBe('first-device');
    expect(log.faultOf({ kind: 'profile', displayName: '' }, phone)).toBe('first-device');
    expect(log.faultOf(revoking('phone'), phone)).toBe('first-device');
    expect(log.faultOf(listing('phone', phone), phone)).toBe('ok');
  });

  it('unknown-author: nobody from outside, not even a device that the statement itself lists', () => {
    expect(started().faultOf(listing('laptop', laptop), laptop)).toBe('unknown-author');
    expect(started().faultOf(revoking('phone'), stranger)).toBe('unknown-author');
  });

  it('revoked-author: a revoked device says nothing more', () => {
    const log = withLaptop().add(revoking('laptop'), phone);
    expect(log.faultOf(listing('tablet', stranger), laptop)).toBe('revoked-author');
    expect(log.faultOf(listing('laptop', laptop), laptop)).toBe('revoked-author');
  });

  it('recovery-key-only: a device does not replace the recovery key; the recovery key does, and the old one ends', () => {
    const log = withLaptop();
    const reset: StatementContent = { kind: 'reset', recoveryKey: keysOf(201).signingPublicKey };
    expect(log.faultOf(reset, phone)).toBe('recovery-key-only');
    log.add(reset, recovery);
    expect(log.faultOf(revoking('phone'), recovery)).toBe('unknown-author');
    expect(log.faultOf(revoking('phone'), keysOf(201))).toBe('ok');
    expect(log.faultOf({ kind: 'reset', recoveryKey: phone.signingPublicKey }, keysOf(201))).toBe('key-in-use');
    expect(log.faultOf(reset, keysOf(201))).toBe('key-in-use');
  });

  it('revoked-by-recovery-key: no device undoes it; the recovery key does', () => {
    const log = withLaptop().add(revoking('laptop'), recovery);
    expect(log.faultOf(listing('laptop', laptop), phone)).toBe('revoked-by-recovery-key');
    expect(log.faultOf(listing('laptop-2', laptop), phone)).toBe('key-in-use');
    expect(log.faultOf(listing('laptop', laptop), recovery)).toBe('ok');
    const byDevice = withLaptop().add(revoking('laptop'), phone);
    expect(byDevice.faultOf(listing('laptop', laptop), phone)).toBe('ok');
    byDevice.add(revoking('laptop'), recovery);
    expect(byDevice.faultOf(listing('laptop', laptop), phone)).toBe('revoked-by-recovery-key');
  });

  it('the recovery key brings an account back of which every device is gone', () => {
    const log = withLaptop().add(revoking('phone'), recovery).add(revoking('laptop'), recovery);
    expect(listedDevices(log.state!)).toEqual([]);
    log.add(listing('tablet', stranger), recovery).add({ kind: 'profile', displayName: 'back' }, stranger);
    expect(log.state!.displayName).toBe('back');
  });
});

describe('devices', () => {
  it('a renewal keeps place and keys; keys-changed: other keys are no renewal', () => {
    const log = withLaptop().add(listing('phone', phone, 5_000), laptop, 5_000);
    expect(deviceOf(log.state!, 'phone')).toMatchObject({ notBefore: 5_000, addedAtIndex: 1 });
    expect(log.faultOf(listing('phone', stranger), laptop)).toBe('keys-changed');
    const otherTransport = { ...listing('phone', phone), transportKey: new Uint8Array(32) } as StatementContent;
    expect(log.faultOf(otherTransport, laptop)).toBe('keys-changed');
  });

  it('key-in-use: no key of another device, and not the recovery key', () => {
    expect(started().faultOf(listing('laptop', phone), phone)).toBe('key-in-use');
    expect(started().faultOf(listing('laptop', recovery), phone)).toBe('key-in-use');
  });

  it('key-in-use: a device that comes back with other keys leaves its former ones revoked for good', () => {
    const log = withLaptop().add(revoking('laptop'), recovery).add(listing('laptop', stranger), recovery);
    const [former, present] = [laptop, stranger].map((keys) => ({
      agentId: 'laptop',
      signingKey: keys.signingPublicKey,
    }));
    expect(judgeDevice(log.state!, { ...former!, atSeconds: 1_000 })).toBe('revoked');
    expect(judgeDevice(log.state!, { ...present!, atSeconds: 1_000 })).toBe('listed');
    expect(deviceWithKey(log.state!, former!)?.revoked).toMatchObject({ byRecoveryKey: true });
    expect(log.faultOf({ kind: 'profile', displayName: 'stolen' }, laptop)).toBe('revoked-author');
    expect(log.faultOf(listing('tablet', laptop), phone)).toBe('key-in-use');
    expect(log.faultOf({ kind: 'reset', recoveryKey: laptop.signingPublicKey }, recovery)).toBe('key-in-use');
    log.add(revoking('laptop'), phone);
    expect(log.faultOf(listing('laptop', laptop), phone)).toBe('key-in-use');
    expect(log.faultOf(listing('laptop', laptop), recovery)).toBe('key-in-use');
    expect(log.faultOf(listing('laptop', stranger), phone)).toBe('ok');
  });

  it('unknown-device: only listed ones are revoked, and once', () => {
    const log = withLaptop();
    expect(log.faultOf(revoking('tablet'), phone)).toBe('unknown-device');
    log.add(revoking('laptop'), recovery);
    expect(log.faultOf(revoking('laptop'), phone)).toBe('unknown-device');
    expect(log.faultOf(revoking('laptop'), recovery)).toBe('unknown-device');
  });

  it('too-many-devices: sixteen at once, and a revoked one makes room', () => {
    const log = started();
    for (let number = 2; number <= 16; number++) log.add(listing(`device-${number}`, keysOf(number + 20)), phone);
    expect(log.faultOf(listing('device-17', stranger), phone)).toBe('too-many-devices');
    expect(log.faultOf(listing('phone', phone), phone)).toBe('ok');
    log.add(revoking('device-2'), phone);
    expect(log.faultOf(listing('device-17', stranger), phone)).toBe('ok');
  });

  it('D: an expired certificate is a warning, and its device renews itself', () => {
    const log = started();
    const late = 1_000 + CERTIFICATE_SECONDS_MAX + 1;
    const claim = { agentId: 'phone', signingKey: phone.signingPublicKey };
    expect(judgeDevice(log.state!, { ...claim, atSeconds: late - 1 })).toBe('listed');
    expect(judgeDevice(log.state!, { ...claim, atSeconds: late })).toBe('expired');
    log.add(listing('phone', phone, late), phone, late);
    expect(judgeDevice(log.state!, { ...claim, atSeconds: late })).toBe('listed');
    const result = verifyAccountLog(nativeCrypto, log.statements);
    expect(result).toMatchObject({ ok: true, warnings: [{ code: 'expired-author', index: 2 }] });
  });

  it('judges revoked and unknown keys', () => {
    const { state } = withLaptop().add(revoking('laptop'), phone);
    const judge = (agentId: string, keys: IdentityKeys): string =>
      judgeDevice(state!, { agentId, signingKey: keys.signingPublicKey, atSeconds: 1_000 });
    expect(judge('laptop', laptop)).toBe('revoked');
    expect(judge('phone', laptop)).toBe('unknown');
    expect(judge('tablet', stranger)).toBe('unknown');
  });
});

describe('statements', () => {
  it('decodes what it encodes', () => {
    const contents = [genesis, listing('phone', phone), revoking('phone')];
    contents.push({ kind: 'profile', displayName: '' }, { kind: 'reset', recoveryKey: recovery.signingPublicKey });
    for (const content of contents) {
      const fields = { index: 7, previous: new Uint8Array(32).fill(9), at: 2 ** 40, content };
      const bytes = encodeStatement(fields, phone);
      expect(decodeStatement(bytes)).toEqual({ ...fields, author: phone.signingPublicKey });
      expect(decodeStatement(bytes.subarray(1))).toBeUndefined();
      expect(decodeStatement(Uint8Array.of(...bytes, 0))).toBeUndefined();
    }
  });

  it('refuses fields outside their range, encoded and decoded', () => {
    const encode = (content: StatementContent): Uint8Array =>
      encodeStatement({ index: 0, previous: GENESIS_PREVIOUS, at: 0, content }, phone);
    const long = { ...listing('phone', phone), notAfter: 1_001 + CERTIFICATE_SECONDS_MAX } as StatementContent;
    const backward = { ...listing('phone', phone), notAfter: 1_000 } as StatementContent;
    const unnamed = { ...listing('phone', phone), agentId: '' } as StatementContent;
    const half: StatementContent = { kind: 'profile', displayName: '\ud800' };
    for (const content of [long, backward, unnamed, half, { kind: 'profile', displayName: 'x'.repeat(65) } as const]) {
      expect(() => encode(content)).toThrow(RangeError);
    }
    const bytes = encode(listing('phone', phone));
    // The last byte before the signature is of `notAfter`, which is as late as it may be.
    const late = bytes.with(bytes.length - 65, bytes[bytes.length - 65]! + 1);
    expect(decodeStatement(bytes)).toBeDefined();
    expect(decodeStatement(late)).toBeUndefined();
  });
});
