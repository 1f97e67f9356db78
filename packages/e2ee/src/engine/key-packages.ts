/** Key packages of this device: made, kept with their private parts, and used up by a Welcome. */
import { StorageError } from '@sealane/shared/errors';
import { encodeMlsMessage, type KeyPackage, type PrivateKeyPackage } from 'ts-mls';
import { generateKeyPackageWithKey, makeKeyPackageRef } from 'ts-mls/keyPackage.js';
import {
  CLOCK_SKEW_SECONDS,
  KEY_PACKAGE_SECONDS,
  decodeMessage,
  credentialOf,
  usernameExtension,
  SUITES,
  USERNAME_EXTENSION,
  type SuiteName,
} from '../mls/index.ts';
import type { Row, Transaction } from '../storage/index.ts';
import type { EngineContext } from './context.ts';
import { KIND_EXTENSION } from './group-kind.ts';
import { TABLES, bytesOf, numberOf } from './tables.ts';

/** Marks a key package that may be used more than once (RFC 9420 §17.3). */
export const LAST_RESORT_EXTENSION = 0x000a;

export interface OwnKeyPackage {
  readonly keyPackage: KeyPackage;
  readonly privateKeys: PrivateKeyPackage;
}

export interface KeptKeyPackage extends OwnKeyPackage {
  /** Hash of the key package (RFC 9420 §5.2). */
  readonly reference: Uint8Array;
  readonly isLastResort: boolean;
}

/** Which key packages to make; of the hybrid suite where none is named. */
export interface KeyPackageRequest {
  /** How many for one use. */
  readonly count: number;
  /** Also one that is used when there is no other. */
  readonly lastResort?: boolean;
  readonly suite?: SuiteName;
}

/** Key packages for the server, each an MLSMessage (RFC 9420 §6). */
export interface KeyPackagesMade {
  readonly packages: readonly Uint8Array[];
  readonly lastResort?: Uint8Array;
}

/** Makes key packages and keeps their private parts; those that expired go. */
export async function makeKeyPackages(
  context: EngineContext,
  transaction: Transaction,
  { count, lastResort = false, suite = 'hybrid' }: KeyPackageRequest,
): Promise<KeyPackagesMade> {
  await forgetExpired(context, transaction);
  const packages: Uint8Array[] = [];
  for (let index = 0; index < count; index++) {
    packages.push(await keep(context, transaction, suite, await newKeyPackage(context, suite)));
  }
  if (!lastResort) return { packages };
  const last = await newKeyPackage(context, suite, true);
  return { packages, lastResort: await keep(context, transaction, suite, last) };
}

/** A key package that is not kept: for a group that this device makes or joins by itself. */
export async function newKeyPackage(
  context: EngineContext,
  suite: SuiteName,
  isLastResort = false,
): Promise<OwnKeyPackage> {
  const { device } = context;
  const nowSeconds = Math.floor(context.now() / 1_000);
  const { publicPackage, privatePackage } = await generateKeyPackageWithKey(
    credentialOf(device),
    {
      versions: ['mls10'],
      ciphersuites: Object.values(SUITES),
      extensions: [USERNAME_EXTENSION, KIND_EXTENSION],
      proposals: [],
      credentials: ['basic'],
    },
    { notBefore: BigInt(nowSeconds - CLOCK_SKEW_SECONDS), notAfter: BigInt(nowSeconds + KEY_PACKAGE_SECONDS) },
    isLastResort ? [{ extensionType: LAST_RESORT_EXTENSION, extensionData: new Uint8Array() }] : [],
    { signKey: device.signingSeed, publicKey: context.signingPublicKey },
    await context.crypto.suite(suite),
    [usernameExtension(device.username)],
  );
  return { keyPackage: publicPackage, privateKeys: privatePackage };
}

/** The own key package that one of the references names. */
export async function findKeyPackage(
  context: EngineContext,
  transaction: Transaction,
  references: readonly Uint8Array[],
): Promise<KeptKeyPackage | undefined> {
  for (const reference of references) {
    const row = await transaction.get(TABLES.keyPackages, [reference]);
    if (row !== undefined) return keptOf(context, row);
  }
  return undefined;
}

/** A key package for a single use is gone after it; one of last resort may have been given to others as well. */
export async function noteUsed(transaction: Transaction, { reference, isLastResort }: KeptKeyPackage): Promise<void> {
  const row = isLastResort ? await transaction.get(TABLES.keyPackages, [reference]) : undefined;
  if (row === undefined) await transaction.delete(TABLES.keyPackages, [reference]);
  else await transaction.put(TABLES.keyPackages, [reference], { ...row, isUsed: 1 });
}

/** Whether the newest one of last resort was used: another one takes its place then. */
export async function isLastResortUsed(transaction: Transaction): Promise<boolean> {
  const rows = await transaction.list(TABLES.keyPackages);
  const [newest] = rows
    .filter((row) => numberOf(row, 'isLastResort') === 1)
    .sort((one, other) => numberOf(other, 'notAfter') - numberOf(one, 'notAfter') || isUsed(one) - isUsed(other));
  return newest !== undefined && isUsed(newest) === 1;
}

function isUsed(row: Row): number {
  return numberOf(row, 'isUsed');
}

async function keep(
  context: EngineContext,
  transaction: Transaction,
  suite: SuiteName,
  { keyPackage, privateKeys }: OwnKeyPackage,
): Promise<Uint8Array> {
  const { hash } = await context.crypto.suite(suite);
  const reference = await makeKeyPackageRef(keyPackage, hash);
  const bytes = encodeMlsMessage({ version: 'mls10', wireformat: 'mls_key_package', keyPackage });
  await transaction.put(TABLES.keyPackages, [reference], {
    reference,
    keyPackage: bytes,
    initKey: privateKeys.initPrivateKey,
    leafKey: privateKeys.hpkePrivateKey,
    notAfter: Number(keyPackage.leafNode.lifetime.notAfter),
    isLastResort: keyPackage.extensions.some(({ extensionType }) => extensionType === LAST_RESORT_EXTENSION) ? 1 : 0,
    isUsed: 0,
  });
  return bytes;
}

function keptOf(context: EngineContext, row: Row): KeptKeyPackage {
  const message = decodeMessage(bytesOf(row, 'keyPackage'), ['mls_key_package']);
  if (message === undefined) throw new StorageError('E_DATA', 'the message database has a damaged key package');
  return {
    reference: bytesOf(row, 'reference'),
    isLastResort: numberOf(row, 'isLastResort') === 1,
    keyPackage: message.keyPackage,
    privateKeys: {
      initPrivateKey: bytesOf(row, 'initKey'),
      hpkePrivateKey: bytesOf(row, 'leafKey'),
      signaturePrivateKey: context.device.signingSeed,
    },
  };
}

async function forgetExpired(context: EngineContext, transaction: Transaction): Promise<void> {
  const nowSeconds = context.now() / 1_000;
  for (const row of await transaction.list(TABLES.keyPackages)) {
    if (numberOf(row, 'notAfter') < nowSeconds)
      await transaction.delete(TABLES.keyPackages, [bytesOf(row, 'reference')]);
  }
}
