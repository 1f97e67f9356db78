/**
 * Lists devices in the tables of a messaging store, for tests of what asks who is listed: the statements are made up, and nothing
 * follows from them. Not part of the product.
 */
import { randomUUID } from 'node:crypto';
import { utf8Encode } from '@sealane/shared/bytes';
import type { ServiceStore } from '../../src/messaging/store/service-store.ts';

/** An account, as these tables know it. */
export interface TableAccount {
  readonly username: string;
  /** 32 bytes. */
  readonly accountId: Uint8Array;
}

const PASSWORD = 'as it is kept';

/** Says which devices an account lists from now on. The step has been asked for when this returns. */
export async function listDevices(
  store: Pick<ServiceStore, 'ask'>,
  { username, accountId }: TableAccount,
  {
    agentIds,
    count,
    entries,
  }: { readonly agentIds: readonly string[]; readonly count: number; readonly entries: number },
): Promise<void> {
  const transportKey = new Uint8Array(32);
  const session = { accountId, transportKey, refreshId: randomUUID(), expiresAt: Number.MAX_SAFE_INTEGER };
  const proof = { kind: 'password', password: PASSWORD } as const;
  const opened = agentIds.map((agentId) =>
    store.ask('openSession', { ...session, agentId, sessionId: randomUUID(), proof }),
  );
  const account = count > 0 ? undefined : { username, password: PASSWORD, at: 0, tokenId: null };
  const devices = agentIds.map((agentId) => ({ agentId, transportKey }));
  const statements = [utf8Encode(`statement ${count}`)];
  const nodes = { treeSize: entries + 1, tree: [], map: [] };
  const outcome = store.ask('addStatements', { accountId, account, count, statements, devices, nodes });
  await Promise.all(opened);
  if ((await outcome) !== 'stored') throw new Error(`the devices of ${username} were not listed`);
}
