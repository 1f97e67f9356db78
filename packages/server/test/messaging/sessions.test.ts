/** Sessions: who is logged in, how, and for how long (C3, I3; B8, G1, G2). */
import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { createHash, randomBytes } from 'node:crypto';
import type { NewStatements } from '../../src/messaging/store/account-tables.ts';
import { StorageError } from '@sealane/shared/errors';
import { eventually } from '../test-server.ts';
import { AccountWorld, type Refused, type AccountWorldOptions, type TestDevice } from './account-world.ts';
import { newKeys } from './messaging-peer.ts';

jest.setTimeout(30_000);

const PASSWORD = 'correct horse';
const FAILED = { code: 'E_LOGIN_FAILED', retryAfterMs: 0 };
const OVER = { code: 'E_NOT_LOGGED_IN' };
const DAY_MS = 86_400_000;
let world: AccountWorld;

async function start(options?: AccountWorldOptions): Promise<AccountWorld> {
  world = await AccountWorld.start(options);
  return world;
}

afterEach(async () => {
  await world.stop();
  expect(world.faults).toEqual([]);
});

describe('login by password', () => {
  it('A3, C3: opens a session; unknown names, accounts without one and wrong passwords fail alike', async () => {
    await start();
    await world.account('alice', PASSWORD);
    await world.account('bob');
    const device = world.device('other-1');
    for (const [username, password] of [
      ['alice', 'wrong horse'],
      ['nobody', PASSWORD],
      ['bob', PASSWORD],
      ['', ''],
      ['admin', PASSWORD],
    ])
      await expect(device.login(username ?? '', password ?? '')).rejects.toMatchObject(FAILED);
    expect(await device.standing()).toBe('E_NOT_LOGGED_IN');
    expect(await device.login('Alice', PASSWORD)).toMatchObject({ isListed: false, challenge: null });
    expect(await device.standing()).toBe('E_NOT_LISTED');
    expect(world.messaging.counters.logins).toEqual({ ok: 1, failed: 5, limited: 0, busy: 0 });
  });

  it('B8: what does not fit into the queue is told so at once; a length is judged before there is a queue', async () => {
    await start();
    const held = Promise.withResolvers<undefined>();
    world.hashing = held.promise;
    const flood = Array.from({ length: 60 }, (_, index) => world.device('evil-1').login(`user${index}`, 'guess guess'));
    const settled = Promise.allSettled(flood);
    const long = world.device('evil-2').login('alice', 'x'.repeat(1_025));
    await expect(long).rejects.toMatchObject(FAILED);
    expect(world.messaging.hashQueueLength).toBe(16);
    held.resolve(undefined);
    const codes = (await settled).map((result) =>
      result.status === 'rejected' ? (result.reason as Refused).code : 'ok',
    );
    expect(codes.filter((code) => code === 'E_LOGIN_FAILED')).toHaveLength(18);
    expect(codes.filter((code) => code === 'E_BUSY')).toHaveLength(42);
  });

  it('A2, G2: strict: ten in fifteen minutes from one address under one name; neither the name nor the address is locked', async () => {
    await start({ preset: 'strict' });
    const account = await world.account('alice', PASSWORD);
    const evil = world.device('evil-1', { addressKey: '192.0.2.66' });
    for (let count = 0; count < 10; count++)
      await expect(evil.login('alice', 'wrong horse')).rejects.toMatchObject(FAILED);
    const limited = { code: 'E_RATE_LIMITED', retryAfterMs: expect.any(Number) };
    await expect(evil.login('alice', PASSWORD)).rejects.toMatchObject(limited);
    await expect(evil.login('nobody', PASSWORD)).rejects.toMatchObject(FAILED);
    await account.device.login('alice', PASSWORD);
    world.aheadMs = 90_000;
    await evil.login('alice', PASSWORD);
    await expect(evil.login('alice', PASSWORD)).rejects.toMatchObject(limited);
  });

  it('G2: strict: fifty of one address, whatever the names', async () => {
    await start({ preset: 'strict' });
    const evil = world.device('evil-1');
    const long = 'x'.repeat(1_025);
    for (let count = 0; count < 50; count++)
      await expect(evil.login(`user${count}`, long)).rejects.toMatchObject(FAILED);
    await expect(evil.login('user50', long)).rejects.toMatchObject({ code: 'E_RATE_LIMITED' });
    await expect(world.device('b-1', { addressKey: 'b' }).login('user50', long)).rejects.toMatchObject(FAILED);
  });

  it('G2: who is told to come back because others flood the server has used no attempt', async () => {
    await start({ preset: 'strict' });
    await world.account('alice', PASSWORD);
    const held = Promise.withResolvers<undefined>();
    world.hashing = held.promise;
    const flood = Array.from({ length: 18 }, (_, index) =>
      world.device('evil-1', { addressKey: '192.0.2.66' }).login(`user${index}`, 'guess guess'),
    );
    const settled = Promise.allSettled(flood);
    const honest = world.device('alice-2', { addressKey: '192.0.2.7' });
    await eventually('a full queue', () => world.messaging.hashQueueLength === 16);
    for (let count = 0; count < 12; count++)
      await expect(honest.login('alice', PASSWORD)).rejects.toMatchObject({ code: 'E_BUSY', retryAfterMs: 1_000 });
    held.resolve(undefined);
    await settled;
    await honest.login('alice', PASSWORD);
  });
});

describe('a password that changes', () => {
  const change = (device: TestDevice, newPassword: string) =>
    device.call(0x44, { password: PASSWORD, newPassword, endsAccount: false });

  it('A11, C3: ends all sessions but the one that changed it, on connections and as tokens', async () => {
    await start();
    const account = await world.account('alice', PASSWORD);
    const second = await world.link(account, '2', PASSWORD);
    const guest = world.device('alice-3');
    const { accessToken, refreshToken } = await guest.login('alice', PASSWORD);
    const bob = await world.account('bob', PASSWORD);
    await change(account.device, 'new password');
    expect(await account.device.standing()).toBe('listed');
    for (const device of [second, guest]) expect(await device.standing()).toBe('E_NOT_LOGGED_IN');
    const { sessions } = world.messaging;
    await expect(sessions.readAccess(accessToken ?? '')).rejects.toMatchObject(OVER);
    await expect(sessions.renew(refreshToken ?? '')).rejects.toMatchObject(OVER);
    expect(await bob.device.standing()).toBe('listed');
    await second.loginBySignature('alice');
    expect(await second.standing()).toBe('listed');
  });

  it('A11: a login with the old one that was under way opens nothing', async () => {
    await start();
    const { device } = await world.account('alice', PASSWORD);
    const held = Promise.withResolvers<undefined>();
    world.hashing = held.promise;
    const before = world.hashesBegun;
    const thief = world.device('evil-1');
    const login = expect(thief.login('alice', PASSWORD)).rejects.toMatchObject(FAILED);
    await eventually('its hash', () => world.hashesBegun === before + 1);
    world.hashing = Promise.resolve();
    await change(device, 'new password');
    held.resolve(undefined);
    await login;
    expect(await thief.standing()).toBe('E_NOT_LOGGED_IN');
  });

  it('A11, C2: a login that made the hash anew meanwhile does not bring the old one back', async () => {
    await start();
    const ask = world.store.ask.bind(world.store);
    const asking = jest.spyOn(world.store, 'ask').mockImplementation((name, about) => {
      if (name === 'addStatements') Object.assign((about as NewStatements).account ?? {}, { password: weakHash() });
      return ask(name, about);
    });
    const { device } = await world.account('alice', PASSWORD);
    asking.mockRestore();
    const [first, second] = [Promise.withResolvers<undefined>(), Promise.withResolvers<undefined>()];
    world.hashing = first.promise;
    const before = world.hashesBegun;
    const thief = world.device('evil-1');
    const login = expect(thief.login('alice', PASSWORD)).rejects.toMatchObject(FAILED);
    await eventually('its hash', () => world.hashesBegun === before + 1);
    world.hashing = second.promise;
    first.resolve(undefined);
    await eventually('the stronger one', () => world.hashesBegun === before + 2);
    world.hashing = Promise.resolve();
    await change(device, 'new password');
    second.resolve(undefined);
    await login;
    await expect(thief.login('alice', PASSWORD)).rejects.toMatchObject(FAILED);
    await thief.login('alice', 'new password');
  });
});

describe('login by signature', () => {
  it('C3: opens a session of a listed device, any number of times', async () => {
    await start({ preset: 'strict' });
    const { device } = await world.account('alice');
    for (let count = 0; count < 30; count++) {
      await device.call(0x43, { everywhere: false });
      expect(await device.loginBySignature('alice')).toMatchObject({ isListed: true });
    }
    expect(await device.standing()).toBe('listed');
  });

  it('G1: a challenge counts once, for a minute, for one agent, one name and this server', async () => {
    await start();
    const { device } = await world.account('alice');
    const bob = await world.account('bob');
    const challenge = await device.challenge('alice');
    await device.loginBySignature('alice', { challenge });
    await expect(device.loginBySignature('alice', { challenge })).rejects.toMatchObject(FAILED);
    const late = await device.challenge('alice');
    world.aheadMs = 60_000;
    await expect(device.loginBySignature('alice', { challenge: late })).rejects.toMatchObject(FAILED);
    const ofOther = await bob.device.challenge('alice');
    await expect(device.loginBySignature('alice', { challenge: ofOther })).rejects.toMatchObject(FAILED);
    const otherName = await device.challenge('bob');
    await expect(device.loginBySignature('alice', { challenge: otherName })).rejects.toMatchObject(FAILED);
    const replaced = await device.challenge('alice');
    await device.challenge('alice');
    await expect(device.loginBySignature('alice', { challenge: replaced })).rejects.toMatchObject(FAILED);
    await expect(device.loginBySignature('alice', { serverKey: new Uint8Array(32) })).rejects.toMatchObject(FAILED);
    await expect(device.loginBySignature('alice', { keys: newKeys() })).rejects.toMatchObject(FAILED);
    await expect(device.loginBySignature('bob')).rejects.toMatchObject(FAILED);
    await expect(device.loginBySignature('nobody')).rejects.toMatchObject(FAILED);
    await device.loginBySignature('alice');
  });

  it('G1: an agent id that belongs to another key by now has no part in the session of the one before', async () => {
    await start();
    const { device } = await world.account('alice');
    const heir = world.device(device.agentId);
    expect(await heir.standing()).toBe('E_NOT_LOGGED_IN');
    await expect(heir.call(0x43, { everywhere: true })).rejects.toMatchObject(OVER);
    expect(await device.standing()).toBe('listed');
  });

  it('G1: the right id and signing key over a connection with another transport key is not the device', async () => {
    await start();
    const { device } = await world.account('alice');
    const thief = world.device(device.agentId);
    await expect(thief.loginBySignature('alice', { keys: device.keys })).rejects.toMatchObject(FAILED);
    expect(await thief.standing()).toBe('E_NOT_LOGGED_IN');
  });
});

describe('logout', () => {
  it('C3: ends the session of the device, on all its connections at once, and its tokens', async () => {
    await start();
    const account = await world.account('alice', PASSWORD);
    const other = await world.link(account, '2', PASSWORD);
    const sameDevice = world.device('alice-1', { keys: account.device.keys });
    expect(await sameDevice.standing()).toBe('listed');
    const { accessToken } = await account.device.loginBySignature('alice');
    await account.device.call(0x43, { everywhere: false });
    expect([await account.device.standing(), await sameDevice.standing()]).toEqual([OVER.code, OVER.code]);
    await expect(world.messaging.sessions.readAccess(accessToken ?? '')).rejects.toMatchObject(OVER);
    expect(await other.standing()).toBe('listed');
  });

  it('C3: a login to another account ends what a connection did for the one before, also where no token could be made', async () => {
    await start();
    const { device } = await world.account('alice');
    await world.account('bob', PASSWORD);
    expect(await device.standing()).toBe('listed');
    const full = new StorageError('E_STORE_FULL', 'full');
    jest.spyOn(world.messaging.sessions.tokens, 'issue').mockRejectedValueOnce(full);
    await expect(device.login('bob', PASSWORD)).rejects.toMatchObject({ code: 'E_STORE_FULL' });
    expect(await device.standing()).toBe('E_NOT_LISTED');
  });

  it('C3: everywhere: every device of the account, listed or not, and nobody else', async () => {
    await start();
    const account = await world.account('alice', PASSWORD);
    const others: TestDevice[] = [await world.link(account, '2', PASSWORD), world.device('alice-3')];
    await others[1]?.login('alice', PASSWORD);
    const bob = await world.account('bob');
    await account.device.call(0x43, { everywhere: true });
    for (const device of [account.device, ...others]) expect(await device.standing()).toBe('E_NOT_LOGGED_IN');
    expect(await bob.device.standing()).toBe('listed');
  });
});

describe('tokens', () => {
  it('I3: a refresh token counts once; one that comes again ends the session, on its connection too', async () => {
    await start();
    const { device } = await world.account('alice');
    const first = await device.loginBySignature('alice');
    const { sessions } = world.messaging;
    const second = await sessions.renew(first.refreshToken ?? '');
    expect(await sessions.readAccess(second.accessToken)).toMatchObject({ agentId: 'alice-1' });
    expect(await device.standing()).toBe('listed');
    await expect(sessions.renew(first.refreshToken ?? '')).rejects.toMatchObject(OVER);
    await expect(sessions.readAccess(second.accessToken)).rejects.toMatchObject(OVER);
    await expect(sessions.renew(second.refreshToken)).rejects.toMatchObject(OVER);
    expect(await device.standing()).toBe('E_NOT_LOGGED_IN');
  });

  it('I3, G7: a copy of a token ends its own session and no newer one, and the audit log knows', async () => {
    await start();
    const { device } = await world.account('alice');
    const { refreshToken } = await device.loginBySignature('alice');
    const { sessions } = world.messaging;
    await sessions.renew(refreshToken ?? '');
    const ask = world.store.ask.bind(world.store);
    const asking = jest.spyOn(world.store, 'ask').mockImplementation(async (name, about) => {
      const step: string = name;
      if (step === 'closeSessions') {
        asking.mockRestore();
        await device.loginBySignature('alice');
      }
      return await ask(name, about);
    });
    await expect(sessions.renew(refreshToken ?? '')).rejects.toMatchObject(OVER);
    expect(await device.standing()).toBe('listed');
    const next = await device.loginBySignature('alice');
    await sessions.renew(next.refreshToken ?? '');
    await expect(sessions.renew(next.refreshToken ?? '')).rejects.toMatchObject(OVER);
    expect(world.notes).toContainEqual({ action: 'token-copied', fields: { agent: 'alice-1' } });
  });

  it('I3: of two renewals at once one counts, and the copy ends both', async () => {
    await start();
    const { device } = await world.account('alice');
    const { refreshToken } = await device.loginBySignature('alice');
    const { sessions } = world.messaging;
    const results = await Promise.allSettled([1, 2].map(() => sessions.renew(refreshToken ?? '')));
    expect(results.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    const [made] = results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
    await expect(sessions.readAccess(made?.accessToken ?? '')).rejects.toMatchObject(OVER);
  });

  it('I3: a login ends the tokens of the session before', async () => {
    await start();
    const { device } = await world.account('alice');
    const first = await device.loginBySignature('alice');
    await device.loginBySignature('alice');
    await expect(world.messaging.sessions.readAccess(first.accessToken ?? '')).rejects.toMatchObject(OVER);
  });

  it('C3: a session ends after thirty days', async () => {
    await start();
    const { device } = await world.account('alice');
    world.aheadMs = 30 * DAY_MS - 60_000;
    const again = world.device('alice-1', { keys: device.keys });
    expect(await again.standing()).toBe('listed');
    world.aheadMs = 30 * DAY_MS + 60_000;
    const late = world.device('alice-1', { keys: device.keys });
    expect(await late.standing()).toBe('E_NOT_LOGGED_IN');
    // On connections that were there before, too.
    expect(await again.standing()).toBe('E_NOT_LOGGED_IN');
    await late.loginBySignature('alice');
  });
});

/** `PASSWORD` as a server of weaker parameters kept it. */
function weakHash(): string {
  const salt = randomBytes(16);
  const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64').replaceAll('=', '');
  const hash = createHash('sha256').update(salt).update(PASSWORD).digest();
  return `$argon2id$v=19$m=1024,t=1,p=1$${text(salt)}$${text(hash)}`;
}
