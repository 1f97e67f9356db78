/** What two devices do with each other, one step in each transaction. It runs in Node.js and in browsers alike. */
import { utf8Decode, utf8Encode } from '@sealane/shared/bytes';
import type { E2eeEngine } from '../../src/engine/index.ts';
import type { SuiteName } from '../../src/mls/index.ts';
import type { Transaction } from '../../src/storage/index.ts';

export interface Conversation {
  readonly anna: E2eeEngine;
  readonly bert: E2eeEngine;
  readonly suite: SuiteName;
  /** 16 random bytes. */
  readonly group: Uint8Array;
}

const step = <T>(engine: E2eeEngine, work: (transaction: Transaction) => Promise<T>): Promise<T> =>
  engine.storage.transaction(work);

/** Makes a group, writes, renews keys, and joins again without a state. @returns what was read, or how it failed. */
export async function converse({ anna, bert, suite, group }: Conversation): Promise<string[]> {
  const tell = async (from: E2eeEngine, to: E2eeEngine, text: string): Promise<string> => {
    const { message } = await step(from, (transaction) => from.seal(transaction, group, utf8Encode(text)));
    const opened = await step(to, (transaction) => to.open(transaction, group, message));
    return opened.state === 'decrypted' ? `${utf8Decode(opened.plaintext)}` : `${opened.state}: ${opened.reason}`;
  };
  const read: string[] = [];
  const { packages } = await step(bert, (transaction) => bert.keyPackages(transaction, { count: 1, suite }));
  const made = await step(anna, (transaction) =>
    anna.createGroup(transaction, { group, suite, keyPackages: packages, isDirect: true }),
  );
  await step(anna, (transaction) => anna.commitAccepted(transaction, group, made.messageId));
  const joined = await step(bert, (transaction) => bert.takeWelcome(transaction, made.welcome ?? new Uint8Array()));
  read.push(joined.state, await tell(anna, bert, 'hello'), await tell(bert, anna, 'hello to you'));
  const renewed = await step(bert, (transaction) => bert.commit(transaction, group, {}));
  await step(bert, (transaction) => bert.commitAccepted(transaction, group, renewed.messageId));
  const { epoch, commit, groupInfo } = renewed;
  const taken = await step(anna, (transaction) => anna.takeCommit(transaction, group, epoch, commit));
  read.push(taken.state, await tell(anna, bert, 'renewed'));
  await step(bert, (transaction) => bert.forget(transaction, group));
  const guard = { isTrusted: () => true };
  const rejoined = await step(bert, (transaction) => bert.rejoin(transaction, group, groupInfo, guard));
  if (rejoined.state !== 'pending') return [...read, rejoined.state];
  const external = rejoined.commit;
  const followed = await step(anna, (transaction) =>
    anna.takeCommit(transaction, group, external.epoch, external.commit),
  );
  await step(bert, (transaction) => bert.commitAccepted(transaction, group, external.messageId));
  read.push(followed.state, await tell(anna, bert, 'again'), await tell(bert, anna, 'here'));
  return read;
}

/** What `converse` gives where all is well. */
export const CONVERSED: readonly string[] = [
  ...['joined', 'hello', 'hello to you'],
  ...['applied', 'renewed'],
  ...['applied', 'again', 'here'],
];
