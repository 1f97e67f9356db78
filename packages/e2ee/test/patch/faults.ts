/**
 * Program: shows what a copy of `ts-mls` does where the published one is at fault. `faults.ts FOLDER` writes one JSON object
 * with a field for each of the faults B, C and D of `patches/`.
 */
import type * as TsMlsModule from 'ts-mls';
import type * as KdfModule from 'ts-mls/crypto/kdf.js';
import type * as SecretTreeModule from 'ts-mls/secretTree.js';
import { pathToFileURL } from 'node:url';
import { join, resolve } from 'node:path';

type TsMls = typeof TsMlsModule;
type SecretTree = typeof SecretTreeModule;
type State = Awaited<ReturnType<TsMls['createGroup']>>;

const folder = process.argv[2];
if (folder === undefined) throw new TypeError('usage: faults.ts FOLDER');
const load = async (name: string): Promise<unknown> =>
  await import(pathToFileURL(join(resolve(folder), 'dist/src', name)).href);
const mls = (await load('index.js')) as TsMls;
const secretTree = (await load('secretTree.js')) as SecretTree;

const suite = await mls.getCiphersuiteImpl(mls.getCiphersuiteFromName('MLS_128_DHKEMX25519_AES128GCM_SHA256_Ed25519'));

const newKeyPackage = (name: string) =>
  mls.generateKeyPackage(
    { credentialType: 'basic', identity: Buffer.from(name) },
    mls.defaultCapabilities(),
    mls.defaultLifetime,
    [],
    suite,
  );
type OwnKeyPackage = Awaited<ReturnType<typeof newKeyPackage>>;

const joinBy = (commit: Awaited<ReturnType<TsMls['createCommit']>>, own: OwnKeyPackage): Promise<State> => {
  if (commit.welcome === undefined) throw new TypeError('no Welcome');
  return mls.joinGroup(commit.welcome, own.publicPackage, own.privatePackage, mls.emptyPskIndex, suite);
};

const commit = (state: State, added: readonly OwnKeyPackage[], removed: readonly number[] = []) =>
  mls.createCommit(
    { state, cipherSuite: suite },
    {
      ratchetTreeExtension: true,
      extraProposals: [
        ...removed.map((leaf) => ({ proposalType: 'remove' as const, remove: { removed: leaf } })),
        ...added.map(({ publicPackage }) => ({ proposalType: 'add' as const, add: { keyPackage: publicPackage } })),
      ],
    },
  );

const take = async (state: State, message: Awaited<ReturnType<typeof commit>>['commit']): Promise<State> => {
  if (message.wireformat !== 'mls_private_message') throw new TypeError('not a private message');
  return (await mls.processPrivateMessage(state, message.privateMessage, mls.emptyPskIndex, suite)).newState;
};

const faultOf = async (work: () => Promise<unknown>): Promise<string> => {
  try {
    return String(await work());
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
};

const creator = await newKeyPackage('creator');
const create = (): Promise<State> =>
  mls.createGroup(Buffer.from('group'), creator.publicPackage, creator.privatePackage, [], suite);

/** B: joins a tree in which a leaf is unmerged at a node, and merged at the root above it. */
const joinValidTree = async (): Promise<string> => {
  const members = await Promise.all(['1', '2', '3', '4', '5'].map(newKeyPackage));
  const fourth = members[3];
  if (fourth === undefined) throw new TypeError('too few members');
  const [replacement, last] = [await newKeyPackage('replacement'), await newKeyPackage('last')];
  const first = await commit(await create(), members);
  // Leaf 3 is empty; the nodes above leaf 0, the root too, are of its committer.
  const second = await commit(first.newState, [], [3]);
  // Leaf 3 is taken, and unmerged at both nodes above it.
  const third = await commit(second.newState, [replacement]);
  // A leaf of the other half renews its path: the root is new, and has no unmerged leaves.
  let other = await joinBy(first, fourth);
  for (const { commit: message } of [second, third]) other = await take(other, message);
  const renewed = await commit(other, []);
  await joinBy(await commit(renewed.newState, [last]), last);
  return 'joined';
};

/** C: whether a later message can be opened with what stays of the ratchet after it was read. */
const skippedKeepsSecret = async (): Promise<string> => {
  const other = await newKeyPackage('other');
  const first = await commit(await create(), [other]);
  const joined = await joinBy(first, other);
  const ratchet = joined.secretTree[0]?.application;
  if (ratchet === undefined) throw new TypeError('no ratchet');
  const retention = { retainKeysForGenerations: 10, retainKeysForEpochs: 4, maximumForwardRatchetSteps: 200 };
  const senderData = { leafIndex: 0, generation: 1, reuseGuard: new Uint8Array(4) };
  // Generation 0 was lost on the way, 1 was read.
  type Sender = Parameters<SecretTree['ratchetToGeneration']>[1];
  const read = await secretTree.ratchetToGeneration(
    joined.secretTree,
    senderData as Sender,
    'application',
    retention,
    suite,
  );
  const kept = read.newTree[0]?.application.unusedGenerations[0];
  if (kept === undefined) throw new TypeError('nothing is kept of the message that was lost');
  // Whoever seizes the device ratchets on from what is kept, if that is a secret.
  if (kept.length !== suite.kdf.size) return 'opens nothing';
  const { deriveTreeSecret } = (await load('crypto/kdf.js')) as typeof KdfModule;
  const next = await deriveTreeSecret(kept, 'secret', 0, suite.kdf.size, suite.kdf);
  const key = await secretTree.deriveKey(next, 1, suite);
  return Buffer.from(key).equals(read.key) ? 'opens what was read' : 'opens nothing';
};

/** D: what a removed member learns whose leaf was taken again in the same commit. */
const removedAndReplaced = async (): Promise<string> => {
  const [removed, added] = [await newKeyPackage('removed'), await newKeyPackage('added')];
  const first = await commit(await create(), [removed]);
  const member = await joinBy(first, removed);
  const second = await commit(first.newState, [added], [1]);
  return (await take(member, second.commit)).groupActiveState.kind;
};

console.log(
  JSON.stringify({
    join: await faultOf(joinValidTree),
    skipped: await faultOf(skippedKeepsSecret),
    removed: await faultOf(removedAndReplaced),
  }),
);
