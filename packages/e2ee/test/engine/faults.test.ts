import { randomBytes } from 'node:crypto';
import { beforeEach, describe, expect, it } from '@jest/globals';
import { inspectKeyPackage } from '../../src/engine/index.ts';
import { RETENTION } from '../../src/mls/index.ts';
import { TestDevice, accountIdOf } from '../../src/testing/index.ts';
import { makePair, openText, renew, sealText, type Pair } from './pair.ts';

let pair: Pair;
beforeEach(async () => {
  pair = await makePair();
});

const newDevice = (username: string, agentId: string): Promise<TestDevice> =>
  TestDevice.create({ directory: pair.directory, username, agentId });

/** Commits of one device until the server has taken it. */
async function commit(from: TestDevice, request: Parameters<TestDevice['engine']['commit']>[2], tellOther = true) {
  const { group, anna, bert } = pair;
  const pending = await from.step((engine, transaction) => engine.commit(transaction, group, request));
  await from.step((engine, transaction) => engine.commitAccepted(transaction, group, pending.messageId));
  const other = from === anna ? bert : anna;
  const taken = tellOther
    ? await other.step((engine, transaction) => engine.takeCommit(transaction, group, pending.epoch, pending.commit))
    : undefined;
  return { pending, taken };
}

describe('messages that do not open', () => {
  it('D4, E6: are replayed, forged, malformed, of an epoch ahead, or of no group here', async () => {
    const { anna, bert, group } = pair;
    const message = await sealText(anna, group, 'hello');
    expect(await openText(bert, group, message)).toBe('hello');
    expect(await openText(bert, group, message)).toBe('lost: replayed');
    for (const position of [message.length - 1, message.length - 40]) {
      const forged = Uint8Array.from(await sealText(anna, group, 'hello'));
      forged[position]! ^= 1;
      expect(await openText(bert, group, forged)).toBe('lost: forged');
    }
    for (const garbage of [new Uint8Array(), message.subarray(1), message.subarray(0, 50), randomBytes(300)]) {
      expect(await openText(bert, group, Uint8Array.from(garbage))).toBe('lost: malformed');
    }
    expect(await openText(anna, group, message)).toBe('lost: own');
    const elsewhere = await newDevice('cleo', 'cleo-1');
    expect(await openText(elsewhere, group, message)).toBe('healing: no-state');
    const { pending } = await commit(anna, {}, false);
    const ahead = await sealText(anna, group, 'ahead');
    expect(await openText(bert, group, ahead)).toBe('waiting: epoch-ahead');
    await bert.step((engine, transaction) => engine.takeCommit(transaction, group, 1, pending.commit));
    expect(await openText(bert, group, ahead)).toBe('ahead');
  });

  it('E6: are not those that one which is not stored has overtaken, however many there are', async () => {
    const { anna, bert, group } = pair;
    const texts = Array.from({ length: RETENTION.maximumForwardRatchetSteps + 1 }, (_, index) => `message ${index}`);
    const sealed: Uint8Array[] = [];
    for (const text of texts) sealed.push(await sealText(anna, group, text));
    const beyond = await sealText(anna, group, 'beyond');
    expect(await openText(bert, group, beyond)).toBe('lost: too-far-ahead');
    expect(await openText(bert, group, sealed.at(-1)!)).toBe(texts.at(-1));
    for (const index of [0, 1, 500, 1_023]) expect(await openText(bert, group, sealed[index]!)).toBe(texts[index]);
    expect(await openText(bert, group, beyond)).toBe('beyond');
  });

  it('D4: leave the ratchet as it was', async () => {
    const { anna, bert, group } = pair;
    const message = Uint8Array.from(await sealText(anna, group, 'hello'));
    const forged = message.slice();
    forged[message.length - 1]! ^= 1;
    expect(await openText(bert, group, forged)).toBe('lost: forged');
    expect(await openText(bert, group, message)).toBe('hello');
  });
});

describe('commits', () => {
  it('E3: for one epoch: the first wins, also at a device that has one of its own', async () => {
    const { anna, bert, group } = pair;
    const [winner, loser] = [
      await anna.step((engine, transaction) => engine.commit(transaction, group, {})),
      await bert.step((engine, transaction) => engine.commit(transaction, group, {})),
    ];
    await anna.step((engine, transaction) => engine.commitAccepted(transaction, group, winner.messageId));
    const taken = await bert.step((engine, transaction) => engine.takeCommit(transaction, group, 1, winner.commit));
    expect(taken).toMatchObject({ state: 'applied', epoch: 2, isOwn: false, lostCommit: loser.messageId });
    const late = await bert.step((engine, transaction) => engine.commitAccepted(transaction, group, loser.messageId));
    expect(late).toBeUndefined();
    expect(await openText(bert, group, await sealText(anna, group, 'on'))).toBe('on');
  });

  it('E8: that come back through the queue are taken as accepted, once', async () => {
    const { anna, bert, group } = pair;
    const own = await anna.step((engine, transaction) => engine.commit(transaction, group, {}));
    const second = anna.step((engine, transaction) => engine.commit(transaction, group, {}));
    await expect(second).rejects.toThrow('pending');
    const taken = await anna.step((engine, transaction) => engine.takeCommit(transaction, group, 1, own.commit));
    expect(taken).toMatchObject({ state: 'applied', epoch: 2, isOwn: true });
    const again = await anna.step((engine, transaction) => engine.takeCommit(transaction, group, 1, own.commit));
    expect(again).toEqual({ state: 'stale' });
    const accepted = await anna.step((engine, transaction) => engine.commitAccepted(transaction, group, own.messageId));
    expect(accepted).toMatchObject({ epoch: 2 });
    await bert.step((engine, transaction) => engine.takeCommit(transaction, group, 1, own.commit));
    expect(await openText(bert, group, await sealText(anna, group, 'on'))).toBe('on');
  });

  it('E14: of garbage, and of later epochs, change nothing', async () => {
    const { anna, bert, group } = pair;
    const { pending } = await commit(anna, {}, false);
    const take = (epoch: number, bytes: Uint8Array): Promise<unknown> =>
      bert.step((engine, transaction) => engine.takeCommit(transaction, group, epoch, bytes));
    const changed = Uint8Array.from(pending.commit);
    changed[changed.length - 1]! ^= 1;
    for (const bytes of [randomBytes(100), pending.commit.subarray(3), changed]) {
      expect(await take(1, Uint8Array.from(bytes))).toMatchObject({ state: 'refused' });
    }
    expect(await take(2, pending.commit)).toEqual({ state: 'ahead' });
    expect(await take(1, pending.commit)).toMatchObject({ state: 'applied' });
    expect(await take(1, pending.commit)).toEqual({ state: 'stale' });
  });

  it('D5: add no third account to a chat of two, and no device that was revoked', async () => {
    pair = await makePair(undefined, true);
    const { anna, group, directory } = pair;
    const cleo = await newDevice('cleo', 'cleo-1');
    const add = async (device: TestDevice): Promise<unknown> => {
      const keyPackage = await device.keyPackage();
      return await anna.step((engine, transaction) => engine.commit(transaction, group, { add: [keyPackage] }));
    };
    await expect(add(cleo)).rejects.toThrow('third account');
    const second = await newDevice('anna', 'anna-2');
    directory.list(second.device, 'revoked');
    await expect(add(second)).rejects.toThrow('revoked');
    directory.list(second.device, 'unknown');
    await expect(add(second)).rejects.toMatchObject({ code: 'E_NOT_LISTED' });
    directory.list(second.device);
    expect(await add(second)).toMatchObject({ added: ['anna-2'] });
  });

  it('E11: wait for the logs of accounts that they bring', async () => {
    const { anna, bert, group, directory } = pair;
    const cleo = await newDevice('cleo', 'cleo-1');
    const { pending } = await commit(anna, { add: [await cleo.keyPackage()] }, false);
    directory.list(cleo.device, 'unknown');
    const accounts = [{ accountId: accountIdOf('cleo'), username: 'cleo' }];
    const take = (): Promise<unknown> =>
      bert.step((engine, transaction) => engine.takeCommit(transaction, group, 1, pending.commit));
    expect(await take()).toEqual({ state: 'unverified', accounts });
    directory.list(anna.device, 'unknown');
    const join = (): Promise<unknown> =>
      cleo.step((engine, transaction) => engine.takeWelcome(transaction, pending.welcome!));
    expect(await join()).toMatchObject({ state: 'unverified' });
    for (const { device } of [anna, bert, cleo]) directory.list(device);
    expect(await take()).toMatchObject({ state: 'applied', added: [{ agentId: 'cleo-1' }] });
    expect(await join()).toMatchObject({ state: 'joined', epoch: 2 });
    expect(await join()).toEqual({ state: 'lost', reason: 'no-key-package' });
  });

  it('D5: that remove a device tell it so, and it can be added again', async () => {
    const { anna, bert, group } = pair;
    const { taken } = await commit(anna, { remove: [{ accountId: accountIdOf('bert') }] });
    expect(taken).toMatchObject({ state: 'removed', committer: { agentId: 'anna-1' } });
    expect(await openText(bert, group, await sealText(anna, group, 'alone'))).toBe('lost: removed');
    const { pending } = await commit(anna, { add: [await bert.keyPackage()] }, false);
    const joined = await bert.step((engine, transaction) => engine.takeWelcome(transaction, pending.welcome!));
    expect(joined).toMatchObject({ state: 'joined', epoch: 3 });
    expect(await openText(bert, group, await sealText(anna, group, 'again'))).toBe('again');
  });
});

describe('members who were led to different states', () => {
  it('E2: find out by the next message, and heal by a commit of the one who joins again', async () => {
    const { anna, bert, group } = pair;
    // A lying server takes both for the same epoch.
    await commit(anna, {}, false);
    const { pending } = await commit(bert, {}, false);
    expect(await openText(bert, group, await sealText(anna, group, 'of my branch'))).toBe('healing: fork');
    const sealed = bert.step((engine, transaction) => engine.seal(transaction, group, Buffer.from('on')));
    await expect(sealed).rejects.toMatchObject({ code: 'E_FORK' });
    const rejoin = (groupInfo: Uint8Array, isTrusted: boolean) =>
      anna.step((engine, transaction) => engine.rejoin(transaction, group, groupInfo, { isTrusted: () => isTrusted }));
    expect(await rejoin(pending.groupInfo, false)).toEqual({ state: 'refused', reason: 'untrusted-signer' });
    const rejoined = await rejoin(pending.groupInfo, true);
    if (rejoined.state !== 'pending') throw new Error(rejoined.state);
    const { commit: external } = rejoined;
    await bert.step(async (engine, transaction) => {
      const taken = await engine.takeCommit(transaction, group, external.epoch, external.commit);
      expect(taken).toMatchObject({ state: 'applied', epoch: 3, committer: { agentId: 'anna-1' }, removed: [] });
    });
    await anna.step((engine, transaction) => engine.commitAccepted(transaction, group, external.messageId));
    expect(await openText(bert, group, await sealText(anna, group, 'together'))).toBe('together');
    expect(await openText(anna, group, await sealText(bert, group, 'again'))).toBe('again');
  });

  it('E2: are not led back to an older epoch, or to somebody who was seen going', async () => {
    const { anna, bert, group, directory } = pair;
    const cleo = await newDevice('cleo', 'cleo-1');
    const { pending: withCleo } = await commit(anna, { add: [await cleo.keyPackage()] });
    await commit(anna, { remove: [{ accountId: accountIdOf('cleo') }] });
    const rejoin = (groupInfo: Uint8Array, isForced = false) =>
      bert.step((engine, transaction) =>
        engine.rejoin(transaction, group, groupInfo, { isTrusted: () => true, isForced }),
      );
    expect(await rejoin(withCleo.groupInfo)).toEqual({ state: 'refused', reason: 'older-epoch' });
    // Cleo goes on with what she has, as if she had never been removed.
    await cleo.step((engine, transaction) => engine.takeWelcome(transaction, withCleo.welcome!));
    let branch = withCleo;
    for (let count = 0; count < 3; count++) {
      branch = await cleo.step((engine, transaction) => engine.commit(transaction, group, {}));
      await cleo.step((engine, transaction) => engine.commitAccepted(transaction, group, branch.messageId));
    }
    expect(await rejoin(branch.groupInfo)).toEqual({ state: 'refused', reason: 'returned-member' });
    directory.list(cleo.device, 'revoked');
    expect(await rejoin(branch.groupInfo, true)).toEqual({ state: 'refused', reason: 'untrusted-signer' });
    directory.list(cleo.device);
    expect(await rejoin(branch.groupInfo, true)).toMatchObject({ state: 'pending' });
    const changed = Uint8Array.from(branch.groupInfo);
    changed[changed.length - 1]! ^= 1;
    expect(await rejoin(changed, true)).toEqual({ state: 'refused', reason: 'malformed' });
  });

  it('E5: a device without state finds that it has none, and joins again', async () => {
    const { anna, bert, group } = pair;
    await bert.step((engine, transaction) => engine.forget(transaction, group));
    expect(await openText(bert, group, await sealText(anna, group, 'lost'))).toBe('healing: no-state');
    const { pending } = await commit(anna, {}, false);
    const rejoined = await bert.step((engine, transaction) =>
      engine.rejoin(transaction, group, pending.groupInfo, { isTrusted: () => true }),
    );
    if (rejoined.state !== 'pending') throw new Error(rejoined.state);
    const { epoch, commit: external, messageId } = rejoined.commit;
    await anna.step((engine, transaction) => engine.takeCommit(transaction, group, epoch, external));
    await bert.step((engine, transaction) => engine.commitAccepted(transaction, group, messageId));
    expect(await openText(bert, group, await sealText(anna, group, 'here'))).toBe('here');
  });

  it('E2: nobody joins for an account that is not in the group', async () => {
    const { anna, bert, group } = pair;
    const { pending } = await commit(anna, {});
    const cleo = await newDevice('cleo', 'cleo-1');
    const rejoined = await cleo.step((engine, transaction) =>
      engine.rejoin(transaction, group, pending.groupInfo, { isTrusted: () => true, isForced: true }),
    );
    expect(rejoined).toEqual({ state: 'refused', reason: 'not-a-member' });
    await renew(pair, bert, anna);
    expect(await openText(bert, group, await sealText(anna, group, 'on'))).toBe('on');
  });
});

describe('key packages', () => {
  it('E7: of last resort work more than once, others once', async () => {
    const { anna } = pair;
    const cleo = await newDevice('cleo', 'cleo-1');
    const made = await cleo.step((engine, transaction) =>
      engine.keyPackages(transaction, { count: 1, lastResort: true }),
    );
    expect(inspectKeyPackage(made.lastResort!)).toMatchObject({
      username: 'cleo',
      agentId: 'cleo-1',
      suite: 'hybrid',
      isLastResort: true,
    });
    const isUsed = (): Promise<boolean> => cleo.step((engine, transaction) => engine.isLastResortUsed(transaction));
    expect(await isUsed()).toBe(false);
    for (let count = 0; count < 2; count++) {
      const group = Uint8Array.from(randomBytes(16));
      const pending = await anna.step((engine, transaction) =>
        engine.createGroup(transaction, { group, keyPackages: [made.lastResort!] }),
      );
      const joined = await cleo.step((engine, transaction) => engine.takeWelcome(transaction, pending.welcome!));
      expect(joined).toMatchObject({ state: 'joined' });
      expect(await isUsed()).toBe(true);
    }
    await cleo.step((engine, transaction) => engine.keyPackages(transaction, { count: 0, lastResort: true }));
    expect(await isUsed()).toBe(false);
    expect(inspectKeyPackage(Uint8Array.from(randomBytes(100)))).toBeUndefined();
  });
});
