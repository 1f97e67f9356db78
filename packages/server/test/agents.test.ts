import { afterEach, describe, expect, it } from '@jest/globals';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ServerOptions } from '../src/index.ts';
import { TestAgent, newIdentity, outcome } from './test-agent.ts';
import { TestServer, eventually, temporaryDirectory } from './test-server.ts';

let server: TestServer;
let agents: TestAgent[] = [];
afterEach(async () => {
  for (const agent of agents) agent.destroy();
  agents = [];
  await server.stop();
});

async function start(options: Partial<ServerOptions> = {}): Promise<void> {
  server = await TestServer.start(options);
}

async function open(
  agentId: string,
  options: Omit<Parameters<typeof TestAgent.open>[0], 'port'> = {},
): Promise<TestAgent> {
  const agent = await TestAgent.open({ port: server.port, agentId, ...options });
  agents.push(agent);
  return agent;
}

describe('agents', () => {
  it('I1: are listed, and coming and going are events', async () => {
    await start();
    const seen: string[] = [];
    server.library.on('agent-connected', ({ agentId }) => seen.push(`+${agentId}`));
    server.library.on('agent-disconnected', ({ agentId }, reason) => seen.push(`-${agentId} ${reason}`));
    const ada = await open('ada');
    expect(server.library.agents()).toMatchObject([
      { agentId: 'ada', instance: 'main', address: '127.0.0.1', resumed: false },
    ]);
    await ada.close();
    const bob = await open('bob');
    bob.destroy();
    await eventually('gone', () => seen.length === 4);
    expect(seen).toEqual(['+ada', '-ada closed', '+bob', '-bob truncated']);
  });

  it('T15: the same instance again takes over; the first is told so', async () => {
    await start();
    const identity = newIdentity();
    const first = await open('ada', { identity });
    const second = await open('ada', { identity });
    expect(await first.closed).toMatchObject({ reason: 'failed', code: 'E_REPLACED', byPeer: true });
    expect((await second.channel.request('echo', 'still here')).text()).toBe('still here');
    const other = await open('ada', { identity, instance: 'one-shot' });
    expect((await second.channel.request('echo', 'and here')).text()).toBe('and here');
    await eventually('two', () => server.library.agents().length === 2);
    await other.close();
    expect(server.library.counters().disconnected).toMatchObject({ E_REPLACED: 1 });
  });

  it.each([-10, 10])(
    'T17: clocks that are %i years apart: the handshake, the answers and the return are as ever',
    async (years) => {
      const apartMs = years * 365.25 * 86_400_000;
      await start({ wallClock: () => Date.now() + apartMs });
      const identity = newIdentity();
      const first = await open('ada', { identity });
      expect((await first.channel.request('echo', 'hi')).text()).toBe('hi');
      const { resumeToken, sessionId } = await first.opened;
      await first.close();
      const second = await open('ada', { identity, resumeToken });
      expect(await second.opened).toMatchObject({ resumed: true, sessionId });
      expect(server.library.counters().handshakes).toEqual({ succeeded: 2, failed: {} });
    },
  );

  it('instances of an agent have a limit', async () => {
    await start({ limitOverrides: { instancesPerAgentMax: 2 } });
    const identity = newIdentity();
    await open('ada', { identity });
    await open('ada', { identity, instance: 'b' });
    expect(await outcome({ port: server.port, agentId: 'ada', identity, instance: 'c' })).toBe(
      'E_TOO_MANY_CONNECTIONS',
    );
    await open('ada', { identity, instance: 'b' });
  });

  it('A16: a resume token keeps the session, also over a restart; without it or with rubbish a new one starts', async () => {
    await start({ dataDirectory: temporaryDirectory() });
    const identity = newIdentity();
    const first = await (await open('ada', { identity })).opened;
    expect(first.resumed).toBe(false);
    await server.library.close();
    server = await TestServer.start({ dataDirectory: server.directory });
    const { resumeToken } = first;
    const again = await (await open('ada', { identity, resumeToken })).opened;
    expect(again).toMatchObject({ resumed: true, sessionId: first.sessionId });
    const fresh = await (await open('ada', { identity })).opened;
    expect(fresh.resumed).toBe(false);
    expect(fresh.sessionId).not.toEqual(first.sessionId);
    const rubbish = await (await open('ada', { identity, resumeToken: new Uint8Array(60) })).opened;
    expect(rubbish.resumed).toBe(false);
    const foreign = await (await open('bob', { resumeToken })).opened;
    expect(foreign.resumed).toBe(false);
  });

  it('B5, 2.0.2: a stolen id is refused, an unknown agent too where the policy says so', async () => {
    await start();
    const identity = newIdentity();
    await (await open('ada', { identity })).close();
    expect(await outcome({ port: server.port, agentId: 'ada' })).toBe('E_ID_TAKEN');
    for (const enrolment of ['token', 'closed'] as const) {
      await server.library.close();
      server = await TestServer.start({ dataDirectory: server.directory, enrolment });
      expect(await outcome({ port: server.port, agentId: 'bob' })).toBe('E_UNKNOWN_AGENT');
      expect(await outcome({ port: server.port, agentId: 'ada', identity })).toBe('open');
    }
  });
});

describe('requests between the server and its agents', () => {
  it('A7, A8: the server asks an agent, with progress, codes and cancel', async () => {
    await start();
    const ada = await open('ada');
    const cancelled = Promise.withResolvers<undefined>();
    ada.handle('work', (request, context) => {
      context.progress('half');
      return `done: ${request.text()}`;
    });
    ada.handle('never', (_request, context) => {
      context.signal.addEventListener('abort', () => cancelled.resolve(undefined));
      return new Promise(() => undefined);
    });
    const parts: string[] = [];
    const reply = await server.library.request('ada', 'work', 'it', { onProgress: (part) => parts.push(part.text()) });
    expect([parts, reply.text()]).toEqual([['half'], 'done: it']);
    await expect(server.library.request('ada', 'unknown')).rejects.toMatchObject({ code: 'E_NO_HANDLER' });
    await expect(server.library.request('nobody', 'work')).rejects.toMatchObject({ code: 'E_NOT_CONNECTED' });
    await expect(server.library.request('ada', 'never', 'x', { timeoutMs: 50 })).rejects.toMatchObject({
      code: 'E_TIMEOUT',
    });
    const controller = new AbortController();
    const given = server.library.request('ada', 'never', 'x', { signal: controller.signal });
    setTimeout(() => controller.abort(), 20);
    await expect(given).rejects.toMatchObject({ code: 'E_CANCELLED' });
    await cancelled.promise;
  });

  it('A8: what a handler throws travels as a code, never as a text', async () => {
    await start();
    server.library.handle('fails', () => {
      throw new Error('the secret is 4711');
    });
    const ada = await open('ada');
    const error = await ada.channel.request('fails').catch((caught: unknown) => caught);
    expect(error).toMatchObject({ code: 'E_HANDLER_FAILED' });
    expect(String(error)).not.toContain('4711');
    expect(server.library.counters().faults).toBe(1);
    expect((await ada.channel.request('echo', 'on')).text()).toBe('on');
  });

  it('A5: streams in both directions', async () => {
    await start();
    server.library.handleStream('upper', async (stream) => {
      for await (const piece of stream) await stream.write(Buffer.from(Buffer.from(piece).toString().toUpperCase()));
      stream.end();
    });
    const ada = await open('ada');
    const stream = ada.channel.openStream('upper');
    await stream.write(Buffer.from('hello'));
    stream.end();
    const pieces: Uint8Array[] = [];
    for await (const piece of stream) pieces.push(piece);
    expect(Buffer.concat(pieces).toString()).toBe('HELLO');
    ada.handlers.handleStream('sink', (incoming) => incoming.end());
    const down = server.library.openStream('ada', 'sink');
    down.end();
    expect(await down.read()).toBeUndefined();
  });
});

describe('requests from agent to agent', () => {
  it('A7: body, content type, progress and sender pass through the server', async () => {
    await start();
    const ada = await open('ada');
    const bob = await open('bob');
    bob.handle('ask', (request, context) => {
      context.progress({ percent: 50 });
      return { from: request.from, got: request.value() };
    });
    const parts: unknown[] = [];
    const options = { to: 'agent:bob', onProgress: (part: { value(): unknown }) => parts.push(part.value()) };
    const reply = await ada.channel.request('ask', { a: 1 }, options);
    expect(reply.value()).toEqual({ from: 'agent:ada', got: { a: 1 } });
    expect(parts).toEqual([{ percent: 50 }]);
  });

  it('A7: cancel and deadline reach the other agent; its codes come back; its absence is told', async () => {
    await start();
    const ada = await open('ada');
    const bob = await open('bob');
    let [atWork, aborted] = [0, 0];
    bob.handle('never', (_request, context) => {
      atWork += 1;
      context.signal.addEventListener('abort', () => (aborted += 1));
      return new Promise(() => undefined);
    });
    const controller = new AbortController();
    const given = ada.channel.request('never', 'x', { to: 'agent:bob', signal: controller.signal });
    given.catch(() => undefined);
    await eventually('at work', () => atWork === 1);
    controller.abort();
    await expect(given).rejects.toMatchObject({ code: 'E_CANCELLED' });
    // Long enough for it to get there.
    const late = ada.channel.request('never', 'x', { to: 'agent:bob', timeoutMs: 1_000 });
    await expect(late).rejects.toMatchObject({ code: 'E_TIMEOUT' });
    await eventually('both told', () => aborted === 2);
    await expect(ada.channel.request('x', 'x', { to: 'agent:bob' })).rejects.toMatchObject({ code: 'E_NO_HANDLER' });
    await expect(ada.channel.request('x', 'x', { to: 'agent:eve' })).rejects.toMatchObject({ code: 'E_NOT_CONNECTED' });
    await expect(ada.channel.request('x', 'x', { to: 'nonsense' })).rejects.toMatchObject({ code: 'E_BAD_REQUEST' });
    const cut = ada.channel.request('never', 'x', { to: 'agent:bob' });
    await eventually('under way', () => server.library.counters().relaysUnderWay === 1);
    bob.destroy();
    await expect(cut).rejects.toMatchObject({ code: 'E_NOT_CONNECTED' });
    await eventually('none left', () => server.library.counters().relaysUnderWay === 0);
  });

  it('goes to the instance main alone, and has a limit per connection', async () => {
    await start({ limitOverrides: { relaysPerConnectionMax: 2 } });
    const ada = await open('ada');
    await open('bob', { instance: 'one-shot' });
    await expect(ada.channel.request('x', 'x', { to: 'agent:bob' })).rejects.toMatchObject({ code: 'E_NOT_CONNECTED' });
    const carl = await open('carl');
    carl.handle('never', () => new Promise(() => undefined));
    for (let count = 0; count < 2; count++) {
      ada.channel.request('never', 'x', { to: 'agent:carl' }).catch(() => undefined);
    }
    await expect(ada.channel.request('never', 'x', { to: 'agent:carl' })).rejects.toMatchObject({ code: 'E_BUSY' });
  });
});

describe('permissions', () => {
  it('A9: deny holds for names, for other agents and for streams; a bad reload changes nothing', async () => {
    const dataDirectory = temporaryDirectory();
    const file = join(dataDirectory, 'permissions.json');
    const write = (rules: unknown) => writeFileSync(file, JSON.stringify({ version: 1, rules }));
    write([{ agents: ['ada'], deny: { request: ['secret.>', 'agent:bob', 'files'] } }]);
    await start({ dataDirectory, permissionsFile: file });
    server.library.handleStream('files', (stream) => stream.end());
    const ada = await open('ada');
    const bob = await open('bob');
    bob.handle('secret.x', () => 'told');
    bob.handle('open', () => 'told');
    await open('carl');
    const forbidden = { code: 'E_FORBIDDEN' };
    await expect(ada.channel.request('secret.x', 'x')).rejects.toMatchObject(forbidden);
    await expect(ada.channel.request('open', 'x', { to: 'agent:bob' })).rejects.toMatchObject(forbidden);
    await expect(ada.channel.request('secret.x', 'x', { to: 'agent:carl' })).rejects.toMatchObject(forbidden);
    await expect(ada.channel.openStream('files').read()).rejects.toMatchObject(forbidden);
    expect((await bob.channel.request('secret.x', 'own')).text()).toBe('own');
    expect((await ada.channel.request('open', 'own')).text()).toBe('own');

    writeFileSync(file, '{"version":1,"rules":[{}]}');
    await expect(server.library.reload()).rejects.toMatchObject({ code: 'E_CONFIG' });
    await expect(ada.channel.request('secret.x', 'x')).rejects.toMatchObject(forbidden);
    write([]);
    await server.library.reload();
    expect((await ada.channel.request('secret.x', 'now')).text()).toBe('now');
    expect((await ada.channel.request('open', 'x', { to: 'agent:bob' })).text()).toBe('told');
  });
});

describe('drain', () => {
  it('O1: waits for what is at work and answers it; refuses who comes now; then everything is closed', async () => {
    await start();
    server.library.handle('slow', async () => {
      await sleep(300);
      return 'done';
    });
    server.library.handle('never', () => new Promise(() => undefined));
    const ada = await open('ada');
    const bob = await open('bob');
    const slow = ada.channel.request('slow');
    const never = bob.channel.request('never').catch((error: unknown) => error);
    await ada.channel.request('echo');
    await bob.channel.request('echo');
    const startMs = performance.now();
    const drained = server.library.drain({ workMs: 2_000 });
    await expect(TestAgent.open({ port: server.port })).rejects.toThrow();
    expect((await slow).text()).toBe('done');
    await drained;
    expect(performance.now() - startMs).toBeLessThan(10_000);
    expect(await never).toMatchObject({ code: 'E_CLOSED' });
    expect(await ada.closed).toMatchObject({ reason: 'closed' });
    expect(await bob.closed).toMatchObject({ reason: 'closed' });
    expect(server.library.agents()).toEqual([]);
  });
});

describe('several servers in one process', () => {
  it('share nothing; one data directory serves one', async () => {
    await start();
    const second = await TestServer.start();
    expect(second.fingerprint).not.toBe(server.fingerprint);
    await open('ada');
    expect(second.library.agents()).toEqual([]);
    await expect(TestServer.start({ dataDirectory: server.directory })).rejects.toMatchObject({
      code: 'E_DATA_IN_USE',
    });
    await second.stop();
    expect((await agents[0]!.channel.request('echo', 'on')).text()).toBe('on');
  });

  it('2.0.23, 2.4.15: --host :: takes IPv4 and IPv6', async () => {
    await start({ host: '::' });
    for (const host of ['127.0.0.1', '::1']) {
      const agent = await TestAgent.open({ port: server.port, host });
      expect((await agent.channel.request('echo', host)).text()).toBe(host);
      await agent.close();
    }
    await eventually('gone', () => server.library.counters().addresses === 0);
    expect(server.library.counters().enrolled).toEqual({ loopback: 2 });
  });

  it('E_PORT_BUSY names the port', async () => {
    await start();
    await expect(TestServer.start({ port: server.port })).rejects.toMatchObject({
      code: 'E_PORT_BUSY',
      message: expect.stringContaining(`${server.port}`),
    });
  });
});
