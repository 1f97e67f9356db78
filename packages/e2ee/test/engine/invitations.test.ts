import { randomBytes } from 'node:crypto';
import { beforeEach, describe, expect, it } from '@jest/globals';
import { type KeyPackage } from 'ts-mls';
import { type RatchetTree } from 'ts-mls/ratchetTree.js';
import { EPOCH_MAX } from '../../src/engine/epoch.ts';
import { inspectKeyPackage, type WelcomeTaken } from '../../src/engine/index.ts';
import { TestDevice, accountIdOf } from '../../src/testing/index.ts';
import { endlessTree, forgeKeyPackage, forgeTree, forgeWelcome } from './hostile-inviter.ts';
import { makePair, openText, sealText, type Pair } from './pair.ts';

let pair: Pair;
let cleo: TestDevice;
beforeEach(async () => {
  pair = await makePair();
  cleo = await TestDevice.create({ directory: pair.directory, username: 'cleo', agentId: 'cleo-1' });
});

const take = (device: TestDevice, welcome: Uint8Array): Promise<WelcomeTaken> =>
  device.step((engine, transaction) => engine.takeWelcome(transaction, welcome));

describe('a Welcome to a group that this device has', () => {
  it('E2, E14: of somebody who is not in it leads nowhere, whatever epoch it claims', async () => {
    const { anna, bert, group } = pair;
    const [before] = await bert.step((engine, transaction) => engine.groups(transaction));
    const forged = await forgeWelcome(cleo, await bert.keyPackage(), { group, epoch: 1_000n });
    expect(await take(bert, forged)).toEqual({ state: 'lost', reason: 'refused' });
    expect(await bert.step((engine, transaction) => engine.groups(transaction))).toEqual([before]);
    expect(await openText(anna, group, await sealText(bert, group, 'to anna'))).toBe('to anna');
  });

  it('E2: nor of somebody who was seen going, nor into a chat of another kind', async () => {
    const { anna, bert, group } = pair;
    for (const request of [{ add: [await cleo.keyPackage()] }, { remove: [{ accountId: accountIdOf('cleo') }] }]) {
      const made = await anna.step((engine, transaction) => engine.commit(transaction, group, request));
      await anna.step((engine, transaction) => engine.commitAccepted(transaction, group, made.messageId));
      await bert.step((engine, transaction) => engine.takeCommit(transaction, group, made.epoch, made.commit));
    }
    const [ofCleo, asDirect] = [
      await forgeWelcome(cleo, await bert.keyPackage(), { group, epoch: 9n }),
      await forgeWelcome(anna, await bert.keyPackage(), { group, epoch: 9n, isDirect: true }),
    ];
    for (const welcome of [ofCleo, asDirect]) {
      expect(await take(bert, welcome)).toEqual({ state: 'lost', reason: 'refused' });
    }
  });

  it('E2: nor while this device makes it', async () => {
    const { anna, bert } = pair;
    const group = Uint8Array.from(randomBytes(16));
    const keyPackages = [await bert.keyPackage()];
    const made = await anna.step((engine, transaction) => engine.createGroup(transaction, { group, keyPackages }));
    const forged = await forgeWelcome(cleo, await anna.keyPackage(), { group, epoch: 7n });
    expect(await take(anna, forged)).toEqual({ state: 'lost', reason: 'refused' });
    const accepted = anna.step((engine, transaction) => engine.commitAccepted(transaction, group, made.messageId));
    expect(await accepted).toMatchObject({ epoch: 1 });
  });
});

describe('what an inviter makes up', () => {
  it('E14: is malformed where no row could hold it, and never an error', async () => {
    const { bert } = pair;
    const beyond = { epoch: BigInt(EPOCH_MAX) + 1n };
    for (const forgery of [beyond, { epoch: 2n ** 64n - 1n }, { group: new Uint8Array() }, { username: 'no/name' }]) {
      const forged = await forgeWelcome(cleo, await bert.keyPackage(), forgery);
      expect(await take(bert, forged)).toEqual({ state: 'lost', reason: 'malformed' });
    }
    const far = await forgeWelcome(cleo, await bert.keyPackage(), { epoch: BigInt(EPOCH_MAX) });
    expect(await take(bert, far)).toMatchObject({ state: 'joined', epoch: EPOCH_MAX });
  });

  it('E14: is malformed where its tree would be walked for ever, before anybody walks it', async () => {
    const { bert, group } = pair;
    // The group is older here: what is looked at later would be said to be a repetition.
    const forged = await forgeTree(cleo, await bert.keyPackage(), { group, tree: endlessTree });
    expect(await take(bert, forged)).toEqual({ state: 'lost', reason: 'malformed' });
    const one = (own: KeyPackage): RatchetTree => endlessTree(own).slice(0, 1);
    const old = await forgeTree(cleo, await bert.keyPackage(), { group, tree: one });
    expect(await take(bert, old)).toEqual({ state: 'lost', reason: 'replayed' });
  });

  it('E14: adds no leaf that stops all commits after it', async () => {
    const { anna, bert, group } = pair;
    const good = await forgeKeyPackage(cleo);
    const lowOrder = good.keyPackage.leafNode.hpkePublicKey.slice().fill(0, -32);
    const { bytes } = await forgeKeyPackage(cleo, { leafKey: lowOrder });
    const added = anna.step((engine, transaction) => engine.commit(transaction, group, { add: [bytes] }));
    await expect(added).rejects.toMatchObject({ code: 'E_BAD_REQUEST', message: expect.stringMatching(/sealed/) });
    const made = await anna.step((engine, transaction) => engine.commit(transaction, group, { add: [good.bytes] }));
    const taken = bert.step((engine, transaction) => engine.takeCommit(transaction, group, 1, made.commit));
    expect(await taken).toMatchObject({ state: 'applied' });
  });

  it('E7: adds no key package that is valid for years', async () => {
    const { anna, group } = pair;
    const { bytes } = await forgeKeyPackage(cleo, { seconds: 10 * 365 * 86_400 });
    expect(inspectKeyPackage(bytes)).toBeUndefined();
    const added = anna.step((engine, transaction) => engine.commit(transaction, group, { add: [bytes] }));
    await expect(added).rejects.toThrow('valid for too long');
    const good = await forgeKeyPackage(cleo);
    expect(inspectKeyPackage(good.bytes)).toMatchObject({ username: 'cleo' });
  });
});
