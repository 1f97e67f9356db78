/** What becomes of an own commit when the server has answered: the present epoch, or nothing. */
import { equalBytes } from '@sealane/shared/bytes';
import type { Transaction } from '../storage/index.ts';
import type { EngineContext } from './context.ts';
import { loadRecord } from './group-record.ts';
import { installState, type Installed } from './install.ts';
import { forgetPending, loadNextState, loadPending } from './pending.ts';
import type { CommitAccepted, PendingCommit } from './types.ts';

/** The server took the commit. Undefined when it is not known, or was dropped. */
export async function acceptCommit(
  context: EngineContext,
  transaction: Transaction,
  group: Uint8Array,
  messageId: Uint8Array,
): Promise<CommitAccepted | undefined> {
  const pending = await loadPending(transaction, group);
  if (pending !== undefined && equalBytes(pending.messageId, messageId)) {
    const { record } = await installPending(context, transaction, pending);
    return { epoch: record.epoch, authenticator: record.authenticator };
  }
  const record = await loadRecord(transaction, group);
  const isLast = record?.lastCommit !== undefined && equalBytes(record.lastCommit, messageId);
  return isLast ? { epoch: record.epoch, authenticator: record.authenticator } : undefined;
}

/** The state that follows from a pending commit becomes the present one. */
export async function installPending(
  context: EngineContext,
  transaction: Transaction,
  { group, messageId, isExternal }: PendingCommit,
): Promise<Installed> {
  const record = await loadRecord(transaction, group);
  const next = await loadNextState(context, transaction, group, context.leafJudge());
  // Whoever joins has no older epochs of this history.
  const before = isExternal || record?.status === 'creating' || record?.status === 'removed' ? undefined : record;
  // That the server took an own commit does not say that the others are where this device is.
  const status = before?.status === 'healing' ? 'healing' : 'active';
  const installed = await installState(context, transaction, { ...next, lastCommit: messageId, before, status });
  await forgetPending(transaction, group);
  return installed;
}

/** The server took another commit, or none: this one is dropped. */
export async function dropCommit(transaction: Transaction, group: Uint8Array, messageId: Uint8Array): Promise<void> {
  const pending = await loadPending(transaction, group);
  if (pending !== undefined && equalBytes(pending.messageId, messageId)) await forgetPending(transaction, group);
}
