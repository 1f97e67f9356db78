/** Accounts: registration, passwords and the end (C1, C2, C3; G1, G2). */
import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { encodeEnrolmentToken, type EnrolmentToken } from '@sealane/shared/documents';
import { systemRandom } from '@sealane/node/transport';
import { eventually } from '../test-server.ts';
import { AccountWorld, type AccountWorldOptions } from './account-world.ts';
import { AccountPapers, listing, newKeys } from './messaging-peer.ts';

jest.setTimeout(30_000);

const PASSWORD = 'correct horse';
let world: AccountWorld;

async function start(options?: AccountWorldOptions): Promise<AccountWorld> {
  world = await AccountWorld.start(options);
  return world;
}

afterEach(async () => {
  await world.stop();
  expect(world.faults).toEqual([]);
});

/** A device with papers of its own. */
function newcomer(username: string, agentId = `${username}-1`) {
  const device = world.device(agentId);
  return { device, papers: new AccountPapers(username, agentId, device.keys) };
}

describe('registration', () => {
  it('C1: makes an account, logs its device in, and gives it tokens', async () => {
    await start();
    const { device, papers } = newcomer('alice');
    const answer = await device.register(papers, PASSWORD);
    expect(answer).toMatchObject({ isListed: true, challenge: null, accessToken: expect.any(String) });
    expect(await device.standing()).toBe('listed');
    expect(await world.messaging.sessions.readAccess(answer.accessToken ?? '')).toMatchObject({ agentId: 'alice-1' });
    const fields = { agent: 'alice-1' };
    expect(world.notes).toEqual([
      { action: 'device-listed', fields },
      { action: 'account-registered', fields },
    ]);
  });

  it('C1: again, as it was, is answered as the first time; from somebody else the name is taken', async () => {
    await start();
    const { device, papers } = newcomer('alice');
    await Promise.all([device.register(papers, PASSWORD), device.register(papers, PASSWORD)]);
    expect(await device.register(papers, PASSWORD)).toMatchObject({ isListed: true });
    expect(world.messaging.logSize).toBe(1);
    const other = newcomer('alice', 'mallory-1');
    await expect(other.device.register(other.papers)).rejects.toMatchObject({ code: 'E_USERNAME_TAKEN' });
    expect(await other.device.standing()).toBe('E_NOT_LOGGED_IN');
  });

  it('A6: a device that was revoked is not logged in by its registration once more', async () => {
    await start();
    const account = await world.account('alice', PASSWORD);
    const second = await world.link(account, '2', PASSWORD);
    const { device, papers } = account;
    await second.call(0x45, { statement: papers.append({ kind: 'revoke-device', agentId: 'alice-1' }, second.keys) });
    await expect(device.register(papers, PASSWORD)).rejects.toMatchObject({ code: 'E_USERNAME_TAKEN' });
    expect(await device.standing()).toBe('E_NOT_LOGGED_IN');
  });

  it('C1: of many who want one name at once, one gets it', async () => {
    await start();
    const all = Array.from({ length: 20 }, (_, index) => newcomer('alice', `agent-${index}`));
    const results = await Promise.allSettled(all.map(({ device, papers }) => device.register(papers)));
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    expect(world.messaging.logSize).toBe(1);
  });

  it('C1: capitals are folded, reserved and odd names are refused', async () => {
    await start();
    const { device, papers } = newcomer('alice');
    await device.call(0x40, { ...fieldsOf(papers), username: 'ALICE' });
    for (const username of ['admin', 'Server', 'al', 'a'.repeat(33), 'ali ce', '-alice', 'älice', ''])
      await expect(device.call(0x40, { ...fieldsOf(papers), username })).rejects.toMatchObject({
        code: 'E_BAD_USERNAME',
      });
  });

  it('C3: refuses passwords that are too short or too long', async () => {
    await start();
    const { device, papers } = newcomer('alice');
    for (const password of ['', '1234567', 'x'.repeat(1_025), 'ä'.repeat(513)])
      await expect(device.register(papers, password)).rejects.toMatchObject({ code: 'E_BAD_PASSWORD' });
    await device.register(papers, 'ä'.repeat(512));
  });

  it('C2: refuses statements that are not the genesis and this very device', async () => {
    await start();
    const { device, papers } = newcomer('alice');
    const register = (statements: readonly Uint8Array[]) => device.call(0x40, { ...fieldsOf(papers), statements });
    const [genesis = new Uint8Array(), own = new Uint8Array()] = papers.statements;
    const third = papers.append({ kind: 'profile', displayName: 'Alice' });
    const foreignKey = new AccountPapers('alice', 'alice-1', newKeys()).statements;
    const foreignDevice = new AccountPapers('alice', 'other-1', device.keys).statements;
    const otherName = new AccountPapers('other', 'alice-1', device.keys).statements;
    const damaged = [genesis, own.map((byte, index) => (index === own.length - 1 ? byte ^ 1 : byte))];
    const lists = [[], [genesis], [own, genesis], [genesis, own, third], foreignKey, foreignDevice, otherName, damaged];
    for (const statements of lists)
      await expect(register(statements)).rejects.toMatchObject({ code: 'E_BAD_STATEMENT' });
    expect(world.messaging.logSize).toBe(0);
    await register([genesis, own]);
  });

  it('C2: a device that an account lists makes no other one', async () => {
    await start();
    const { device } = await world.account('alice');
    const papers = new AccountPapers('alice2', device.agentId, device.keys);
    await expect(device.register(papers)).rejects.toMatchObject({ code: 'E_BAD_STATEMENT' });
    expect(world.messaging.logSize).toBe(1);
  });

  it('G2: strict: three a minute from one address; others are not hindered', async () => {
    await start({ preset: 'strict' });
    for (const username of ['user1', 'user2', 'user3']) await world.account(username);
    await expect(world.account('user4')).rejects.toMatchObject({
      code: 'E_RATE_LIMITED',
      retryAfterMs: expect.any(Number),
    });
    const elsewhere = world.device('user5-1', { addressKey: '192.0.2.9' });
    await elsewhere.register(new AccountPapers('user5', 'user5-1', elsewhere.keys));
    world.aheadMs = 20_000;
    await world.account('user4');
  });
});

describe('who may register', () => {
  it('G1: nobody, where it is closed', async () => {
    await start({ registration: 'closed' });
    await expect(world.account('alice')).rejects.toMatchObject({ code: 'E_REGISTRATION_CLOSED' });
  });

  it('G1: those who may not register do not learn which names are taken', async () => {
    await start({ registration: 'loopback' });
    const local = world.device('bob-1', { isLoopback: true });
    await local.register(new AccountPapers('bob', 'bob-1', local.keys));
    const answers = ['bob', 'nobody-yet'].map((username) => {
      const { device, papers } = newcomer(username, 'evil-1');
      return expect(device.register(papers)).rejects.toMatchObject({ code: 'E_REGISTRATION_CLOSED' });
    });
    await Promise.all(answers);
  });

  it('G1: this machine and holders of a token, where enrolment is so too', async () => {
    await start({ registration: 'loopback' });
    await expect(world.account('alice')).rejects.toMatchObject({ code: 'E_REGISTRATION_CLOSED' });
    const local = world.device('bob-1', { isLoopback: true });
    await local.register(new AccountPapers('bob', 'bob-1', local.keys));
  });

  it('G1: holders of a token: of this server, in time, for this agent, and once', async () => {
    await start({ registration: 'token' });
    const { device, papers } = newcomer('alice');
    const nowSeconds = Math.floor(Date.now() / 1_000);
    const token = (about: Partial<EnrolmentToken>, keys = world.identity) =>
      encodeEnrolmentToken(
        {
          tokenId: systemRandom(16),
          serverKey: world.identity.static.publicKey,
          replace: false,
          issuedAt: nowSeconds - 60,
          expiresAt: nowSeconds + 600,
          ...about,
        },
        keys,
      );
    const register = (bytes: Uint8Array | null) => device.register(papers, null, bytes);
    await expect(register(null)).rejects.toMatchObject({ code: 'E_REGISTRATION_CLOSED' });
    await expect(register(Uint8Array.of(1, 2))).rejects.toMatchObject({ code: 'E_TOKEN_INVALID' });
    await expect(register(token({}, newKeys()))).rejects.toMatchObject({ code: 'E_TOKEN_INVALID' });
    await expect(register(token({ expiresAt: nowSeconds - 1 }))).rejects.toMatchObject({ code: 'E_TOKEN_EXPIRED' });
    await expect(register(token({ agentId: 'bob-1' }))).rejects.toMatchObject({ code: 'E_TOKEN_INVALID' });
    const good = token({ agentId: 'alice-1' });
    await register(good);
    await register(good);
    const shared = token({});
    const [bob, carol] = [newcomer('bob'), newcomer('carol')];
    await bob.device.register(bob.papers, null, shared);
    await expect(carol.device.register(carol.papers, null, shared)).rejects.toMatchObject({ code: 'E_TOKEN_USED' });
  });
});

describe('password', () => {
  it('A6, C5: a device whose change waited behind its own revocation changes nothing', async () => {
    await start();
    const account = await world.account('alice', PASSWORD);
    const second = await world.link(account, '2', PASSWORD);
    const revoke = account.papers.append({ kind: 'revoke-device', agentId: 'alice-2' });
    const [, late] = await Promise.allSettled([
      account.device.call(0x45, { statement: revoke }),
      second.call(0x44, { password: PASSWORD, newPassword: null, endsAccount: true }),
    ]);
    expect(late).toMatchObject({ status: 'rejected', reason: { code: 'E_NOT_LISTED' } });
    expect(await account.device.standing()).toBe('listed');
  });

  it('C3: is changed with the present one only', async () => {
    await start();
    const { device } = await world.account('alice', PASSWORD);
    const change = (password: string | null, newPassword: string) =>
      device.call(0x44, { password, newPassword, endsAccount: false });
    await expect(change('wrong horse', 'new password')).rejects.toMatchObject({ code: 'E_LOGIN_FAILED' });
    await expect(change(null, 'new password')).rejects.toMatchObject({ code: 'E_LOGIN_FAILED' });
    await expect(change('x'.repeat(2_000), 'new password')).rejects.toMatchObject({ code: 'E_LOGIN_FAILED' });
    await expect(change(PASSWORD, 'short')).rejects.toMatchObject({ code: 'E_BAD_PASSWORD' });
    await change(PASSWORD, 'new password');
    const other = world.device('alice-2');
    await expect(other.login('alice', PASSWORD)).rejects.toMatchObject({ code: 'E_LOGIN_FAILED' });
    expect(await other.login('alice', 'new password')).toMatchObject({ isListed: false });
    expect(world.notes.slice(2)).toEqual([
      { action: 'login-failed', fields: { agent: 'alice-1', address: '192.0.2.1' } },
      { action: 'password-changed', fields: { agent: 'alice-1' } },
      { action: 'login-failed', fields: { agent: 'alice-2', address: '192.0.2.1' } },
    ]);
  });

  it('G2: strict: a device that is logged in guesses no faster than at login', async () => {
    await start({ preset: 'strict' });
    const { device } = await world.account('alice', PASSWORD);
    const guess = () => device.call(0x44, { password: 'x', newPassword: null, endsAccount: true });
    for (let count = 0; count < 10; count++) await expect(guess()).rejects.toMatchObject({ code: 'E_LOGIN_FAILED' });
    await expect(guess()).rejects.toMatchObject({ code: 'E_RATE_LIMITED' });
  });

  it('C3: an account without one gets one', async () => {
    await start();
    const { device } = await world.account('alice');
    const other = world.device('alice-2');
    await expect(other.login('alice', PASSWORD)).rejects.toMatchObject({ code: 'E_LOGIN_FAILED' });
    await device.call(0x44, { password: null, newPassword: PASSWORD, endsAccount: false });
    await other.login('alice', PASSWORD);
  });
});

describe('the end of an account', () => {
  it('C3: ends sessions, connections and the name, and leaves the log', async () => {
    await start();
    const account = await world.account('alice', PASSWORD);
    const second = await world.link(account, '2', PASSWORD);
    const guest = world.device('alice-3');
    const { accessToken, refreshToken } = await guest.login('alice', PASSWORD);
    await expect(
      account.device.call(0x44, { password: 'wrong', newPassword: null, endsAccount: true }),
    ).rejects.toMatchObject({ code: 'E_LOGIN_FAILED' });
    await account.device.call(0x44, { password: PASSWORD, newPassword: null, endsAccount: true });
    for (const device of [account.device, second, guest]) expect(await device.standing()).toBe('E_NOT_LOGGED_IN');
    await eventually('their connections end', () => world.cut.length === 2);
    expect(world.cut).toEqual(['alice-1', 'alice-2']);
    const { sessions } = world.messaging;
    await expect(sessions.readAccess(accessToken ?? '')).rejects.toMatchObject({ code: 'E_NOT_LOGGED_IN' });
    await expect(sessions.renew(refreshToken ?? '')).rejects.toMatchObject({ code: 'E_NOT_LOGGED_IN' });
    await expect(second.login('alice', PASSWORD)).rejects.toMatchObject({ code: 'E_LOGIN_FAILED' });
    await expect(second.loginBySignature('alice')).rejects.toMatchObject({ code: 'E_LOGIN_FAILED' });
    const follower = newcomer('alice', 'mallory-1');
    await expect(follower.device.register(follower.papers)).rejects.toMatchObject({ code: 'E_USERNAME_TAKEN' });
    const papers = new AccountPapers('alice2', 'alice-1', account.device.keys);
    await account.device.register(papers);
    expect((await account.device.call(0x46, { username: 'alice', fromIndex: 0, treeSize: 0 })).statementCount).toBe(3);
    expect(
      (await account.device.call(0x48, { after: null, limit: 9 })).usernames.map((name) =>
        Buffer.from(name).toString(),
      ),
    ).toEqual(['alice2']);
    expect(await world.messaging.countAccounts()).toBe(1);
  });
});

describe('statements', () => {
  it('C4: are appended one after the other: of two at once one has to look again', async () => {
    await start();
    const { device, papers } = await world.account('alice');
    const first = papers.append({ kind: 'profile', displayName: 'Alice' });
    papers.statements.pop();
    const second = papers.append({ kind: 'profile', displayName: 'Alicia' });
    const results = await Promise.allSettled([first, second].map((statement) => device.call(0x45, { statement })));
    expect(results).toMatchObject([
      { status: 'fulfilled', value: { sequence: 2 } },
      { status: 'rejected', reason: { code: 'E_STATEMENT_CONFLICT' } },
    ]);
    expect(await device.call(0x45, { statement: first })).toMatchObject({ sequence: 2 });
    expect(world.messaging.logSize).toBe(2);
  });

  it('G2: strict: a device that floods its account with statements does not keep another one from revoking it', async () => {
    await start({ preset: 'strict' });
    const account = await world.account('alice', PASSWORD);
    const second = await world.link(account, '2', PASSWORD);
    const flood = () => second.call(0x45, { statement: Uint8Array.of(1, 2, 3) });
    for (let count = 0; count < 20; count++) await expect(flood()).rejects.toMatchObject({ code: 'E_BAD_STATEMENT' });
    await expect(flood()).rejects.toMatchObject({ code: 'E_CALL_LIMIT' });
    const revoke = account.papers.append({ kind: 'revoke-device', agentId: 'alice-2' });
    expect(await account.device.call(0x45, { statement: revoke })).toMatchObject({ sequence: 3 });
  });

  it('C4: nobody lists a device that is not logged in to the account with that key', async () => {
    await start();
    const { device, papers } = await world.account('alice', PASSWORD);
    const list = (agentId: string, keys = newKeys()) => {
      const statement = papers.append(listing(agentId, keys));
      return device.call(0x45, { statement }).catch((error: unknown) => {
        papers.statements.pop();
        throw error;
      });
    };
    const victim = world.device('victim-1');
    const refused = { code: 'E_BAD_STATEMENT' };
    await expect(list('victim-1', victim.keys)).rejects.toMatchObject(refused);
    const bob = await world.account('bob');
    await expect(list('bob-1', bob.device.keys)).rejects.toMatchObject(refused);
    const own = world.device('alice-2');
    await own.login('alice', PASSWORD);
    await expect(list('alice-2')).rejects.toMatchObject(refused);
    await list('alice-2', own.keys);
    expect(await own.standing()).toBe('listed');
    await victim.register(new AccountPapers('victim', 'victim-1', victim.keys));
  });
});

function fieldsOf({ username, statements }: AccountPapers) {
  return { username, password: null, statements: statements.slice(0, 2), registrationToken: null };
}
