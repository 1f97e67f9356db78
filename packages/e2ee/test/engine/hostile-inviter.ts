/** Somebody with a listed device who makes Welcomes and key packages that no engine of ours would make. */
import { randomBytes } from 'node:crypto';
import {
  createCommit,
  createGroup,
  encodeMlsMessage,
  type ClientState,
  type CreateCommitResult,
  type KeyPackage,
  type PrivateKeyPackage,
} from 'ts-mls';
import { createGroupInfoWithRatchetTree } from 'ts-mls/createCommit.js';
import { extractWelcomeSecret } from 'ts-mls/groupInfo.js';
import { generateKeyPackageWithKey, makeKeyPackageRef, signKeyPackage } from 'ts-mls/keyPackage.js';
import { signLeafNodeKeyPackage } from 'ts-mls/leafNode.js';
import { type RatchetTree } from 'ts-mls/ratchetTree.js';
import { encryptGroupInfo, encryptGroupSecrets } from 'ts-mls/welcome.js';
import { nodeMlsCrypto } from '../../src/crypto-node/index.ts';
import { KIND_EXTENSION, kindExtensions } from '../../src/engine/group-kind.ts';
import {
  CLOCK_SKEW_SECONDS,
  KEY_PACKAGE_SECONDS,
  LeafJudge,
  SUITES,
  USERNAME_EXTENSION,
  clientConfigOf,
  credentialOf,
  decodeMessage,
  usernameExtension,
} from '../../src/mls/index.ts';
import type { TestDevice } from '../../src/testing/index.ts';

const everybody = clientConfigOf(new LeafJudge({ judge: () => 'listed' }, 0));

export interface KeyPackageForgery {
  readonly username?: string;
  readonly seconds?: number;
  /** Of the leaf: whatever. */
  readonly leafKey?: Uint8Array;
}

/** A key package of a device, with a name or a life that it should not have. */
export async function forgeKeyPackage(
  { device }: TestDevice,
  { username = device.username, seconds = KEY_PACKAGE_SECONDS, leafKey }: KeyPackageForgery = {},
): Promise<{ readonly keyPackage: KeyPackage; readonly privateKeys: PrivateKeyPackage; readonly bytes: Uint8Array }> {
  const now = Math.floor(Date.now() / 1_000);
  const made = await generateKeyPackageWithKey(
    credentialOf(device),
    {
      versions: ['mls10'],
      ciphersuites: Object.values(SUITES),
      extensions: [USERNAME_EXTENSION, KIND_EXTENSION],
      proposals: [],
      credentials: ['basic'],
    },
    { notBefore: BigInt(now - CLOCK_SKEW_SECONDS), notAfter: BigInt(now + seconds) },
    [],
    { signKey: device.signingSeed, publicKey: nodeMlsCrypto.signingPublicKey(device.signingSeed) },
    await nodeMlsCrypto.suite('hybrid'),
    [usernameExtension(username)],
  );
  const { signature } = await nodeMlsCrypto.suite('hybrid');
  const leaf = { ...made.publicPackage.leafNode, hpkePublicKey: leafKey ?? made.publicPackage.leafNode.hpkePublicKey };
  const leafNode = await signLeafNodeKeyPackage(leaf, device.signingSeed, signature);
  const keyPackage = await signKeyPackage({ ...made.publicPackage, leafNode }, device.signingSeed, signature);
  const bytes = encodeMlsMessage({ version: 'mls10', wireformat: 'mls_key_package', keyPackage });
  return { keyPackage, privateKeys: made.privatePackage, bytes };
}

export interface WelcomeForgery extends KeyPackageForgery {
  readonly group?: Uint8Array;
  /** That the Welcome leads into. */
  readonly epoch?: bigint;
  readonly isDirect?: boolean;
}

/** A Welcome to a group of the forger's own making, of whatever id and epoch. @param victim key package of who gets it. */
export async function forgeWelcome(
  forger: TestDevice,
  victim: Uint8Array,
  { group = Uint8Array.from(randomBytes(16)), epoch = 1n, isDirect = false, ...own }: WelcomeForgery = {},
): Promise<Uint8Array> {
  const suite = await nodeMlsCrypto.suite('hybrid');
  const { keyPackage, privateKeys } = await forgeKeyPackage(forger, own);
  const extensions = kindExtensions(isDirect);
  const fresh = await createGroup(group, keyPackage, privateKeys, extensions, suite, everybody);
  const state: ClientState = { ...fresh, groupContext: { ...fresh.groupContext, epoch: epoch - 1n } };
  const added = decodeMessage(victim, ['mls_key_package'])?.keyPackage;
  if (added === undefined) throw new TypeError('the key package of the victim is none');
  const made: CreateCommitResult = await createCommit(
    { state, cipherSuite: suite },
    { extraProposals: [{ proposalType: 'add', add: { keyPackage: added } }], ratchetTreeExtension: true },
  );
  if (made.welcome === undefined) throw new TypeError('there is no Welcome');
  return encodeMlsMessage({ version: 'mls10', wireformat: 'mls_welcome', welcome: made.welcome });
}

/** A tree of one leaf that a parent says has a leaf far outside of it below it. */
export function endlessTree(leafOf: KeyPackage): RatchetTree {
  const parent = { hpkePublicKey: leafOf.initKey, parentHash: new Uint8Array(), unmergedLeaves: [2 ** 31 - 1] };
  return [
    { nodeType: 'leaf', leaf: leafOf.leafNode },
    { nodeType: 'parent', parent },
    { nodeType: 'leaf', leaf: leafOf.leafNode },
  ];
}

/** A Welcome to a group of whatever tree: nothing in it holds but that the victim can open it. */
export async function forgeTree(
  forger: TestDevice,
  victim: Uint8Array,
  { group, tree }: { readonly group: Uint8Array; readonly tree: (own: KeyPackage) => RatchetTree },
): Promise<Uint8Array> {
  const suite = await nodeMlsCrypto.suite('hybrid');
  const { keyPackage, privateKeys } = await forgeKeyPackage(forger);
  const state = await createGroup(group, keyPackage, privateKeys, [], suite, everybody);
  const { groupContext, confirmationTag } = state;
  const info = await createGroupInfoWithRatchetTree(groupContext, confirmationTag, state, tree(keyPackage), [], suite);
  const [joinerSecret, none] = [suite.rng.randomBytes(suite.kdf.size), new Uint8Array(suite.kdf.size)];
  const sealed = await encryptGroupInfo(info, await extractWelcomeSecret(joinerSecret, none, suite.kdf), suite);
  const invited = decodeMessage(victim, ['mls_key_package'])?.keyPackage;
  if (invited === undefined) throw new TypeError('the key package of the victim is none');
  const { enc, ct } = await encryptGroupSecrets(
    await suite.hpke.importPublicKey(invited.initKey),
    sealed,
    { joinerSecret, pathSecret: undefined, psks: [] },
    suite.hpke,
  );
  const newMember = await makeKeyPackageRef(invited, suite.hash);
  const secrets = [{ newMember, encryptedGroupSecrets: { kemOutput: enc, ciphertext: ct } }];
  const welcome = { cipherSuite: suite.name, secrets, encryptedGroupInfo: sealed };
  return encodeMlsMessage({ version: 'mls10', wireformat: 'mls_welcome', welcome });
}
