/** Calls of messaging against a small server: each has one answer, in whatever order they come, or an end. */
import { afterEach, describe, expect, it } from '@jest/globals';
import { ERRORS } from '@sealane/shared/errors';
import type { MessagingCall } from '@sealane/shared/items';
import { until } from '@sealane/node/testing';
import { connect, type Agent } from '../src/index.ts';
import { TestServer, say, type TestConnection, type TestServerOptions } from './test-server.ts';

const cleanups: (() => Promise<void> | void)[] = [];

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function start(onCall: TestServerOptions['onCall']): Promise<{ server: TestServer; agent: Agent }> {
  const server = await TestServer.listen(onCall === undefined ? {} : { onCall });
  cleanups.push(() => server.close());
  const agent = await connect({ server: server.address });
  cleanups.push(() => agent.close());
  return { server, agent };
}

const head = (call: number, text: string) =>
  ({ id: 0x5a, call, head: Buffer.from(text), consistency: new Uint8Array() }) as const;

describe('agent.call', () => {
  it('gives each call its own answer, in whatever order they come', async () => {
    const waiting: MessagingCall[] = [];
    const { agent, server } = await start((call, connection) => {
      waiting.push(call);
      if (waiting.length < 3) return;
      for (const { id, call: number, ...fields } of waiting.reverse())
        if (id === 0x59) say(connection, head(number, `size ${'treeSize' in fields ? fields.treeSize : ''}`));
    });
    const answers = await Promise.all([1, 2, 3].map((treeSize) => agent.call(0x59, { treeSize })));
    expect(answers.map((answer) => Buffer.from(answer.head).toString())).toEqual(['size 1', 'size 2', 'size 3']);
    expect(new Set(waiting.map(({ call }) => call)).size).toBe(3);
    expect(agent.publicKey).toEqual(server.agents[0]?.agentKey);
    expect(agent.serverKey).toEqual(server.identity.static.publicKey);
  });

  it.each([
    ['E_STALE_EPOCH', ERRORS.E_STALE_EPOCH.number, 0, 9],
    ['E_BUSY', 0x0fff, 70, 0],
    ['E_BAD_REQUEST', 0x0fff, 0, 0],
  ])('rejects with %s when the server says it', async (code, number, retryAfterMs, epoch) => {
    const { agent } = await start(({ call }, connection) =>
      say(connection, { id: 0x5c, call, code: number, retryAfterMs, epoch }),
    );
    const expected = { name: 'CallRefusedError', code, retryAfterMs, present: epoch };
    await expect(agent.call(0x59, { treeSize: 0 })).rejects.toMatchObject(expected);
  });

  it('an answer of another kind, or to nothing, ends the connection', async () => {
    for (const answer of [
      (call: number) => ({ id: 0x4f, call, sequence: 0, epoch: 0, at: 0 }) as const,
      (call: number) => head(call + 1, 'of nobody'),
    ]) {
      const { agent, server } = await start(({ call }, connection) => say(connection, answer(call)));
      // The agent makes another one at once.
      const connection = server.last;
      await expect(agent.call(0x59, { treeSize: 0 })).rejects.toMatchObject({ code: 'E_STATE' });
      await until('the server is told', () => connection.ended !== undefined, { limitMs: 5_000 });
      expect(connection.ended).toMatchObject({ code: 'E_STATE' });
    }
  });

  it('a connection that is cut leaves open whether it was done', async () => {
    const { agent, server } = await start(() => server.cut());
    await expect(agent.call(0x59, { treeSize: 0 })).rejects.toMatchObject({ code: 'E_TRUNCATED' });
  });

  it('ends with its time and with its signal; an answer that comes later harms nothing', async () => {
    let answer = (): void => undefined;
    const { agent } = await start((call, connection: TestConnection) => {
      const before = answer;
      answer = () => {
        before();
        say(connection, head(call.call, 'late'));
      };
    });
    await expect(agent.call(0x59, { treeSize: 0 }, { timeoutMs: 20 })).rejects.toMatchObject({ code: 'E_TIMEOUT' });
    const controller = new AbortController();
    const aborted = agent.call(0x59, { treeSize: 0 }, { signal: controller.signal });
    controller.abort();
    await expect(aborted).rejects.toMatchObject({ code: 'E_CANCELLED' });
    const before = agent.call(0x59, { treeSize: 0 }, { signal: AbortSignal.abort() });
    await expect(before).rejects.toMatchObject({ code: 'E_CANCELLED' });
    answer();
    expect((await agent.request('echo', 'still here')).text()).toBe('still here');
  });

  it('a server that never answers is asked 1,024 times and no more', async () => {
    const { agent, server } = await start(() => undefined);
    const calls = Array.from({ length: 1_100 }, () => agent.call(0x59, { treeSize: 0 }));
    const outcomes = Promise.allSettled(calls);
    await expect(calls.at(-1)).rejects.toMatchObject({ code: 'E_BUSY' });
    server.cut();
    const codes = (await outcomes).map((one) =>
      one.status === 'rejected' ? (one.reason as { code: string }).code : '',
    );
    expect(codes.filter((code) => code === 'E_BUSY')).toHaveLength(76);
    expect(codes.filter((code) => code === 'E_TRUNCATED')).toHaveLength(1_024);
  });

  it('refuses what no packet can hold, and goes on', async () => {
    const { agent } = await start(({ call }, connection) => say(connection, head(call, 'here')));
    await expect(agent.call(0x48, { after: null, limit: 0 })).rejects.toThrow(RangeError);
    await expect(agent.call(0x59, { treeSize: 1 })).resolves.toMatchObject({ id: 0x5a });
  });

  it('passes on what is not stored, and a listener that throws ends nothing', async () => {
    const { agent, server } = await start(undefined);
    const seen: string[] = [];
    agent.onTransient(() => {
      throw new Error('of the program');
    });
    const end = agent.onTransient(({ body }) => void seen.push(Buffer.from(body).toString()));
    const group = new Uint8Array(16);
    say(server.last, { id: 0x5b, group, epoch: 1, body: Buffer.from('typing') });
    await agent.request('echo');
    end();
    say(server.last, { id: 0x5b, group, epoch: 1, body: Buffer.from('more') });
    await agent.request('echo');
    expect(seen).toEqual(['typing']);
  });
});
