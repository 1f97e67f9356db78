import { randomBytes } from 'node:crypto';
import { beforeEach, describe, expect, it } from '@jest/globals';
import { DEVICES_PER_GROUP_MAX } from '@sealane/shared/packets';
import { encodeMlsMessage, type PrivateMessage } from 'ts-mls';
import type { CommitTaken, PendingCommit, RejoinGuard } from '../../src/engine/index.ts';
import { commitFault } from '../../src/engine/policy.ts';
import { LeafJudge, decodeMessage } from '../../src/mls/index.ts';
import { TestDevice } from '../../src/testing/index.ts';
import { makePair, openText, sealText, type Pair } from './pair.ts';

let pair: Pair;
/** Of the commit that led into the present epoch, as the server has it. */
let groupInfo: Uint8Array;
beforeEach(async () => {
  pair = await makePair();
  ({ groupInfo } = await commitOfAnna());
});

/** A commit of Anna's, which Bert takes where he is told. */
async function commitOfAnna(isTold = true): Promise<PendingCommit> {
  const { anna, bert, group } = pair;
  const made = await anna.step((engine, transaction) => engine.commit(transaction, group, {}));
  await anna.step((engine, transaction) => engine.commitAccepted(transaction, group, made.messageId));
  if (isTold) await take(bert, made.epoch, made.commit);
  return made;
}

/** The same message with something else in some of its fields. */
function changed(bytes: Uint8Array, change: (message: PrivateMessage) => Partial<PrivateMessage>): Uint8Array {
  const message = decodeMessage(bytes, ['mls_private_message'])?.privateMessage;
  if (message === undefined) throw new TypeError('no private message');
  const privateMessage = { ...message, ...change(message) };
  return encodeMlsMessage({ version: 'mls10', wireformat: 'mls_private_message', privateMessage });
}

/** As if it came of another state of the same epoch: anybody can make that up. */
const ofOtherState = (bytes: Uint8Array): Uint8Array =>
  changed(bytes, ({ authenticatedData, ciphertext }) => ({
    authenticatedData: Uint8Array.of(authenticatedData[0]!, ...randomBytes(authenticatedData.length - 1)),
    ciphertext: Uint8Array.from(randomBytes(ciphertext.length)),
  }));

const statusOf = async (device: TestDevice): Promise<string | undefined> =>
  (await device.step((engine, transaction) => engine.groupOf(transaction, pair.group)))?.status;

const rejoin = (device: TestDevice, info: Uint8Array, guard: Partial<RejoinGuard> = {}) =>
  device.step((engine, transaction) =>
    engine.rejoin(transaction, pair.group, info, { isTrusted: () => false, ...guard }),
  );

const take = (device: TestDevice, epoch: number, commit: Uint8Array): Promise<CommitTaken> =>
  device.step((engine, transaction) => engine.takeCommit(transaction, pair.group, epoch, commit));

describe('a message that seems to come of another state', () => {
  it('E2: stops sending until the group is known to be as it was, and is forged then, as are all after it', async () => {
    const { anna, bert, group } = pair;
    const madeUp = ofOtherState(await sealText(anna, group, 'x'));
    const isTransient = true;
    const opened = bert.step((engine, transaction) => engine.open(transaction, group, madeUp, { isTransient }));
    expect(await opened).toEqual({ state: 'lost', reason: 'forged' });
    expect(await statusOf(bert)).toBe('active');
    expect(await openText(bert, group, madeUp)).toBe('healing: fork');
    await expect(sealText(bert, group, 'on')).rejects.toMatchObject({ code: 'E_FORK' });
    // What is authentic goes on to be read.
    expect(await openText(bert, group, await sealText(anna, group, 'here'))).toBe('here');
    expect(await rejoin(bert, groupInfo)).toEqual({ state: 'intact' });
    expect(await openText(bert, group, madeUp)).toBe('lost: forged');
    expect(await openText(bert, group, ofOtherState(madeUp))).toBe('lost: forged');
    expect(await openText(anna, group, await sealText(bert, group, 'on'))).toBe('on');
    // One of an epoch that is over says nothing of the present one; the next epoch is judged anew.
    await commitOfAnna();
    expect(await openText(bert, group, madeUp)).toBe('lost: forged');
    expect(await openText(bert, group, ofOtherState(await sealText(anna, group, 'x')))).toBe('healing: fork');
    await commitOfAnna();
    expect(await statusOf(bert)).toBe('active');
  });

  it('E2: only the GroupInfo of a member for this very state says so', async () => {
    const { anna, bert, group, directory } = pair;
    await openText(bert, group, ofOtherState(await sealText(anna, group, 'x')));
    const unsigned = Uint8Array.from(groupInfo);
    unsigned[unsigned.length - 1]! ^= 1;
    const { groupInfo: ofLater } = await commitOfAnna(false);
    directory.list(anna.device, 'revoked');
    const refused = { state: 'refused', reason: 'untrusted-signer' };
    for (const info of [groupInfo, unsigned, ofLater]) expect(await rejoin(bert, info)).toEqual(refused);
    directory.list(anna.device);
    for (const info of [unsigned, ofLater]) expect(await rejoin(bert, info)).toEqual(refused);
    expect(await statusOf(bert)).toBe('healing');
    expect(await rejoin(bert, groupInfo, { isForced: true })).toMatchObject({ state: 'pending' });
  });
});

describe('an own commit', () => {
  it('E2: that the server takes meanwhile says nothing of the others, and old messages stay readable', async () => {
    const { anna, bert, group } = pair;
    const early = await sealText(anna, group, 'early');
    const made = await bert.step((engine, transaction) => engine.commit(transaction, group, {}));
    await openText(bert, group, ofOtherState(await sealText(anna, group, 'x')));
    await bert.step((engine, transaction) => engine.commitAccepted(transaction, group, made.messageId));
    expect(await statusOf(bert)).toBe('healing');
    expect(await openText(bert, group, early)).toBe('early');
    await take(anna, made.epoch, made.commit);
    expect(await rejoin(bert, made.groupInfo)).toEqual({ state: 'intact' });
    expect(await openText(anna, group, await sealText(bert, group, 'on'))).toBe('on');
  });
});

describe('a commit that this device cannot follow', () => {
  it('E14, E2: is refused, with a reason, and leaves the epoch and the way to send', async () => {
    const { anna, bert, group } = pair;
    const made = await anna.step((engine, transaction) => engine.commit(transaction, group, {}));
    const ofNobody = changed(made.commit, ({ ciphertext }) => ({
      ciphertext: Uint8Array.from(randomBytes(ciphertext.length)),
    }));
    expect(await take(bert, 2, ofOtherState(made.commit))).toEqual(refusedAs('it follows another state'));
    expect(await take(bert, 2, ofNobody)).toEqual(refusedAs('it is not authentic'));
    const copy = await bert.step((engine, transaction) => engine.commit(transaction, group, {}));
    await bert.step((engine, transaction) => engine.commitLost(transaction, group, copy.messageId));
    const own = refusedAs('it is of this device, which does not know it');
    expect(await take(bert, 2, copy.commit)).toEqual(own);
    expect(await statusOf(bert)).toBe('active');
    expect(await openText(anna, group, await sealText(bert, group, 'on'))).toBe('on');
    expect(await take(bert, 2, made.commit)).toMatchObject({ state: 'applied', epoch: 3 });
  });

  it('E3, E8: does not drop a commit by which this device joins again later on', async () => {
    const { anna, bert, group } = pair;
    const [second, third] = [await commitOfAnna(false), await commitOfAnna(false)];
    const rejoined = await rejoin(bert, third.groupInfo, { isTrusted: () => true });
    if (rejoined.state !== 'pending') throw new Error(rejoined.state);
    const { epoch, commit, messageId } = rejoined.commit;
    const followed = await take(bert, second.epoch, second.commit);
    expect(followed).toMatchObject({ state: 'applied', epoch: 3 });
    expect(followed).not.toHaveProperty('lostCommit');
    expect(await take(anna, epoch, commit)).toMatchObject({ state: 'applied', epoch: 5 });
    const accepted = bert.step((engine, transaction) => engine.commitAccepted(transaction, group, messageId));
    expect(await accepted).toMatchObject({ epoch: 5 });
    expect(await openText(bert, group, await sealText(anna, group, 'again'))).toBe('again');
  });

  it('E14: is refused where it would lead through no tree, before anybody walks it', async () => {
    const { anna, bert } = pair;
    const rejoined = await rejoin(bert, groupInfo, { isForced: true });
    if (rejoined.state !== 'pending') throw new Error(rejoined.state);
    const { epoch, commit } = rejoined.commit;
    const message = decodeMessage(commit, ['mls_public_message'])?.publicMessage;
    if (message?.content.contentType !== 'commit') throw new TypeError('no commit');
    const remove = { proposalType: 'remove', remove: { removed: 2 ** 31 - 1 } } as const;
    const proposals = [
      ...message.content.commit.proposals,
      { proposalOrRefType: 'proposal', proposal: remove } as const,
    ];
    const content = { ...message.content, commit: { ...message.content.commit, proposals } };
    const publicMessage = { ...message, content };
    const forged = encodeMlsMessage({ version: 'mls10', wireformat: 'mls_public_message', publicMessage });
    expect(await take(anna, epoch, forged)).toEqual(refusedAs('it removes nobody'));
    expect(await take(anna, epoch, commit)).toMatchObject({ state: 'applied' });
  });

  it('E14: has no more proposals than a group has room for', () => {
    const proposals = Array.from({ length: 2 * DEVICES_PER_GROUP_MAX + 1 }, (_, removed) => ({
      proposalType: 'remove' as const,
      remove: { removed },
    }));
    const judge = new LeafJudge({ judge: () => 'listed' }, 0);
    const fault = commitFault({ proposals, members: [], isDirect: false }, judge);
    expect(fault).toBe('has more proposals than a group has room for');
  });

  it('E2: nor does a GroupInfo make another kind of group of a chat of two', async () => {
    pair = await makePair(undefined, true);
    const { anna, bert, group, directory } = pair;
    const open = await anna.step((engine, transaction) => engine.commit(transaction, group, {}));
    const cleo = await TestDevice.create({ directory, username: 'cleo', agentId: 'cleo-1' });
    const keyPackages = [await cleo.keyPackage(), await bert.keyPackage()];
    await anna.step((engine, transaction) => engine.forget(transaction, group));
    const other = await anna.step((engine, transaction) => engine.createGroup(transaction, { group, keyPackages }));
    expect(other.added).toContain('cleo-1');
    const guard = { isTrusted: () => true, isForced: true };
    expect(await rejoin(bert, other.groupInfo, guard)).toEqual({ state: 'refused', reason: 'other-kind' });
    expect(await rejoin(bert, open.groupInfo, guard)).toMatchObject({ state: 'pending' });
  });
});

function refusedAs(reason: string): CommitTaken {
  return { state: 'refused', reason };
}
