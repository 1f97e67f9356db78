/** Two devices of two accounts in one group, over storages of the test's choice. */
import { randomBytes } from 'node:crypto';
import type { Opened } from '../../src/engine/index.ts';
import type { Storage } from '../../src/storage/index.ts';
import { TestDevice, TestDirectory } from '../../src/testing/index.ts';

export interface Pair {
  readonly anna: TestDevice;
  readonly bert: TestDevice;
  readonly group: Uint8Array;
  readonly directory: TestDirectory;
}

export async function makePair(openStorage?: (name: string) => Promise<Storage>, isDirect = false): Promise<Pair> {
  const directory = new TestDirectory();
  const create = (username: string): Promise<TestDevice> => {
    const options = { directory, username, agentId: `${username}-1` };
    return TestDevice.create({ ...options, ...(openStorage && { openStorage: () => openStorage(username) }) });
  };
  const [anna, bert] = [await create('anna'), await create('bert')];
  const group = Uint8Array.from(randomBytes(16));
  const keyPackages = [await bert.keyPackage()];
  const pending = await anna.step((engine, transaction) =>
    engine.createGroup(transaction, { group, keyPackages, isDirect }),
  );
  await anna.step((engine, transaction) => engine.commitAccepted(transaction, group, pending.messageId));
  await bert.step((engine, transaction) => engine.takeWelcome(transaction, pending.welcome!));
  return { anna, bert, group, directory };
}

export async function sealText(device: TestDevice, group: Uint8Array, text: string): Promise<Uint8Array> {
  const sealed = await device.step((engine, transaction) => engine.seal(transaction, group, Buffer.from(text)));
  return sealed.message;
}

export async function openText(device: TestDevice, group: Uint8Array, message: Uint8Array): Promise<string> {
  return textOf(await device.step((engine, transaction) => engine.open(transaction, group, message)));
}

/** The text, or the state and reason where there is none. */
export function textOf(opened: Opened): string {
  if (opened.state === 'decrypted') return Buffer.from(opened.plaintext).toString();
  return `${opened.state}: ${opened.reason}`;
}

/** A commit of one device that renews its keys, taken by the other. */
export async function renew({ group }: Pair, from: TestDevice, to: TestDevice): Promise<void> {
  const { commit, epoch, messageId } = await from.step((engine, transaction) => engine.commit(transaction, group, {}));
  await from.step((engine, transaction) => engine.commitAccepted(transaction, group, messageId));
  await to.step((engine, transaction) => engine.takeCommit(transaction, group, epoch, commit));
}
