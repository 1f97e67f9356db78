import { describe, expect, it } from '@jest/globals';
import { ProtocolError } from '@sealane/shared/errors';
import { EndingCalls } from './ending-calls.ts';
import type { CallServer, MessagingConnection } from './messaging-connection.ts';

/** A connection whose calls are answered when the test says so. */
function connectionOf(isConnected: boolean) {
  const calls: PromiseWithResolvers<object>[] = [];
  const call = ((_id: number, _fields: object, options?: { readonly signal?: AbortSignal }) => {
    const answer = Promise.withResolvers<object>();
    options?.signal?.addEventListener('abort', () => answer.reject(new ProtocolError('E_CANCELLED')));
    calls.push(answer);
    return answer.promise;
  }) as unknown as CallServer;
  const connection = { isConnected, call };
  return { calls, connection, ending: new EndingCalls(connection as unknown as MessagingConnection) };
}

const asked = [0x4a, { keyPackages: [], lastResort: null }] as const;
const cancelled = { code: 'E_CANCELLED' };

describe('EndingCalls', () => {
  it('without a connection: the end cancels what is under way, and refuses what comes', async () => {
    const { calls, ending } = connectionOf(false);
    const open = ending.call(...asked);
    ending.end();
    await expect(open).rejects.toMatchObject(cancelled);
    await expect(ending.call(...asked)).rejects.toMatchObject(cancelled);
    expect(calls).toHaveLength(1);
  });

  it('with one: what is under way is answered, and so is what comes, until the connection is cut', async () => {
    const { calls, connection, ending } = connectionOf(true);
    const open = ending.call(...asked);
    ending.end();
    const last = ending.call(...asked);
    for (const each of calls) each.resolve({ waiting: 7 });
    expect(await Promise.all([open, last])).toEqual([{ waiting: 7 }, { waiting: 7 }]);
    connection.isConnected = false;
    await expect(ending.call(...asked)).rejects.toMatchObject(cancelled);
    expect(calls).toHaveLength(2);
  });

  it('a caller that gives up is heard, too', async () => {
    const { ending } = connectionOf(true);
    const given = new AbortController();
    const open = ending.call(...asked, { signal: given.signal });
    given.abort();
    await expect(open).rejects.toMatchObject(cancelled);
  });
});
