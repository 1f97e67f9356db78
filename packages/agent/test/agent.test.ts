/** The library against a small server: connecting, working, losing the connection, and coming back. */
import { afterEach, describe, expect, it } from '@jest/globals';
import { createServer, type Server } from 'node:net';
import { createServer as createHttpServer } from 'node:http';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { encodeEnrolmentToken, encodeKeySuccession, enrolmentTokenText } from '@sealane/shared/documents';
import { fingerprint } from '@sealane/shared/crypto';
import { nativeCrypto } from '@sealane/shared/crypto-native';
import { explanationOf } from '@sealane/node/config';
import { monotonicNow, systemRandom } from '@sealane/node/transport';
import { VERSION_RANGE } from '@sealane/shared/wire';
import { connect, SealaneError, type Agent, type AgentState, type ConnectOptions } from '../src/index.ts';
import { steadyPort } from './processes.ts';
import { TestServer, newIdentity, type TestServerOptions } from './test-server.ts';

const cleanups: (() => Promise<void> | void)[] = [];

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function serve(options?: TestServerOptions): Promise<TestServer> {
  const server = await TestServer.listen(options);
  cleanups.push(() => server.close());
  return server;
}

async function join_(server: TestServer | string, options: ConnectOptions = {}): Promise<Agent> {
  const agent = await connect({ server: typeof server === 'string' ? server : server.address, ...options });
  cleanups.push(() => agent.close());
  return agent;
}

function directory(): string {
  const path = mkdtempSync(join(tmpdir(), 'sealane-agent-'));
  cleanups.push(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

async function failure(attempt: Promise<unknown>): Promise<SealaneError> {
  try {
    await attempt;
  } catch (error) {
    expect(error).toBeInstanceOf(SealaneError);
    return error as SealaneError;
  }
  throw new Error('it did not fail');
}

async function until(condition: () => boolean, timeoutMs = 5_000): Promise<void> {
  const deadline = monotonicNow() + timeoutMs;
  while (!condition()) {
    if (monotonicNow() > deadline) throw new Error('it did not come to pass');
    await sleep(5);
  }
}

describe('connect', () => {
  it('I2, 2.1.15: connects, asks, tells and closes, with states on the way', async () => {
    const told: string[] = [];
    const server = await serve();
    server.handlers.handleNotification('note', (content) => void told.push(content.text()));
    const states: AgentState[] = [];
    const agent = await join_(server, { onState: (state) => states.push(state), id: 'agent-x', instance: 'one' });
    expect((await agent.request('message', 'Hello')).text()).toBe('Hello');
    expect((await agent.request('message', { list: [1, 'two'] })).body.length).toBeGreaterThan(0);
    await agent.send('note', 'ping');
    await until(() => told.length === 1);
    expect(told).toEqual(['ping']);
    expect(server.last.agent).toMatchObject({ agentId: 'agent-x', instance: 'one', enrolmentToken: null });
    await agent.close();
    expect(states.map(({ state }) => state)).toEqual(['connecting', 'connected', 'closed']);
    expect(states[1]).toMatchObject({
      server: server.address,
      fingerprint: server.fingerprint,
      id: 'agent-x',
      suite: 'Noise_XXhfs_25519+MLKEM768_AESGCM_SHA256',
      version: VERSION_RANGE.max,
      trust: 'first-contact',
      serverBuild: 'test-server 1',
    });
    await until(() => server.last.ended !== undefined);
    expect(server.last.ended).toMatchObject({ reason: 'closed' });
    expect((await failure(agent.request('message', 'late'))).code).toBe('E_CLOSED');
  });

  it('I2: answers requests, streams and progress that the server asks for', async () => {
    const server = await serve();
    const agent = await join_(server, {
      prepare: (prepared) => {
        prepared.handle('double', (request) => request.text().repeat(2));
        prepared.handleStream('upper', async (stream) => {
          for await (const piece of stream)
            await stream.write(Buffer.from(Buffer.from(piece).toString().toUpperCase()));
          stream.end();
        });
      },
    });
    expect((await server.last.channel.request('double', 'ab')).text()).toBe('abab');
    // As a server may pass on what another agent asks.
    expect((await server.last.channel.request('double', 'cd', { to: 'agent:me', from: 'agent:other' })).text()).toBe(
      'cdcd',
    );
    const stream = server.last.channel.openStream('upper');
    await stream.write(Buffer.from('abc'));
    stream.end();
    expect(Buffer.from((await stream.read()) ?? []).toString()).toBe('ABC');
    await expect(server.last.channel.request('unknown', 'x')).rejects.toMatchObject({ code: 'E_NO_HANDLER' });
    server.handlers.handleStream('back', async (opened) => {
      await opened.write(opened.metadata);
      opened.end();
    });
    const own = await agent.openStream('back', { metadata: Uint8Array.of(1, 2, 3) });
    expect(await own.read()).toEqual(Uint8Array.of(1, 2, 3));
  });

  it('A7: a request ends by time-out, by its signal, and shows progress', async () => {
    const server = await serve();
    server.handlers.handle('never', () => new Promise(() => undefined));
    server.handlers.handle('steps', async (_request, context) => {
      context.progress('1');
      context.progress('2');
      return 'done';
    });
    const agent = await join_(server);
    expect((await failure(agent.request('never', '', { timeoutMs: 30 }))).code).toBe('E_TIMEOUT');
    const controller = new AbortController();
    const given = agent.request('never', '', { signal: controller.signal });
    controller.abort();
    expect((await failure(given)).code).toBe('E_CANCELLED');
    const seen: string[] = [];
    const last = await agent.request('steps', '', { onProgress: (part) => seen.push(part.text()) });
    expect([...seen, last.text()]).toEqual(['1', '2', 'done']);
  });
});

describe('trust (B4)', () => {
  it('B4: a pin that fits is taken, one that does not is refused with both fingerprints and no second attempt', async () => {
    const server = await serve();
    const agent = await join_(server, { serverKey: server.fingerprint });
    expect(agent.state).toMatchObject({ trust: 'pinned' });
    const other = fingerprint(nativeCrypto, newIdentity().static.publicKey);
    const before = server.connections.length;
    const error = await failure(connect({ server: server.address, serverKey: other }));
    expect(error.code).toBe('E_IDENTITY_CHANGED');
    expect(error.message).toContain(other);
    expect(error.message).toContain(server.fingerprint);
    await sleep(300);
    expect(server.connections.length).toBe(before + 1);
    // T5: the impostor learns nothing of the agent.
    expect(server.last.agent).toBeUndefined();
  });

  it('B4: an enrolment token pins its server, travels once and is not shown again', async () => {
    const identity = newIdentity();
    const server = await serve({ identity });
    const now = Math.floor(Date.now() / 1_000);
    const token = enrolmentTokenText(
      encodeEnrolmentToken(
        {
          tokenId: systemRandom(16),
          serverKey: identity.static.publicKey,
          agentId: 'bound',
          replace: false,
          issuedAt: now,
          expiresAt: now + 60,
        },
        identity,
      ),
    );
    const agent = await join_(server, { token });
    expect(agent.id).toBe('bound');
    expect(server.agents[0]?.enrolmentToken).not.toBeNull();
    server.cut();
    await until(() => server.agents.length === 2);
    expect(server.agents[1]?.enrolmentToken).toBeNull();
    const impostor = await serve();
    const error = await failure(connect({ server: impostor.address, token }));
    expect(error.code).toBe('E_IDENTITY_CHANGED');
    expect(error.message).toContain('the enrolment token');
    expect(impostor.agents.length).toBe(0);
    expect((await failure(connect({ server: server.address, token: 'sealane-token-x' }))).code).toBe('E_TOKEN_INVALID');
  });

  it('T5: a changed identity stops, names both fingerprints and the command; a succession is followed', async () => {
    const dataDir = directory();
    const old = newIdentity();
    const port = await steadyPort();
    const first = await serve({ port, identity: old });
    await (await connect({ server: first.address, dataDir })).close();
    await first.close();

    const fresh = newIdentity();
    const changed = await serve({ port, identity: fresh });
    const states: AgentState[] = [];
    const error = await failure(connect({ server: changed.address, dataDir, onState: (state) => states.push(state) }));
    expect(error.code).toBe('E_IDENTITY_CHANGED');
    const names = [old, fresh].map((identity) => fingerprint(nativeCrypto, identity.static.publicKey));
    for (const name of names) expect(error.message).toContain(name);
    expect(error.message).toContain(`known-servers accept 127.0.0.1:${port} ${names[1]}`);
    expect(states.map(({ state }) => state)).toEqual(['connecting', 'closed']);
    await changed.close();

    const past = Math.floor(Date.now() / 1_000) - 10;
    const stale = encodeKeySuccession(old, { newKey: fresh.static.publicKey, notAfter: past });
    const late = await serve({ port, identity: fresh, successions: [stale] });
    expect((await failure(connect({ server: late.address, dataDir }))).code).toBe('E_IDENTITY_CHANGED');
    await late.close();

    const succession = encodeKeySuccession(old, { newKey: fresh.static.publicKey, notAfter: past + 1_000 });
    const rotated = await serve({ port, identity: fresh, successions: [succession] });
    const agent = await connect({ server: rotated.address, dataDir });
    expect(agent.state).toMatchObject({ trust: 'succeeded', fingerprint: names[1] });
    await agent.close();
    const pinned = await connect({ server: rotated.address, serverKey: names[0] });
    expect(pinned.state).toMatchObject({ trust: 'pinned' });
    await pinned.close();
    // Recorded: known without the succession from now on.
    await rotated.close();
    const after = await serve({ port, identity: fresh });
    expect((await join_(after, { dataDir })).state).toMatchObject({ trust: 'known' });
  });
});

describe('reconnect (A15)', () => {
  it('A15: after a cut it comes back by itself with its resume token, and handlers persist', async () => {
    const server = await serve();
    server.handlers.handle('never', () => new Promise(() => undefined));
    const states: AgentState[] = [];
    const agent = await join_(server, { onState: (state) => states.push(state) });
    agent.handle('who', () => 'me');
    const unknown = agent.request('never', 'x');
    await until(() => server.last.channel.requestsAtWork === 1);
    server.cut();
    const lost = await failure(unknown);
    expect(lost.code).toBe('E_TRUNCATED');
    // Asked in the very turn in which the loss was told: it waits for the next connection.
    expect((await agent.request('message', 'again')).text()).toBe('again');
    expect((await server.last.channel.request('who')).text()).toBe('me');
    expect(states.map(({ state }) => state)).toEqual(['connecting', 'connected', 'reconnecting', 'connected']);
    expect(states[2]).toMatchObject({ attempt: 1, reason: 'E_TRUNCATED' });
    expect(states[3]).toMatchObject({ resumed: true });
    expect(server.agents[0]?.resumeToken).toBeNull();
    expect(server.agents[1]?.resumeToken).toHaveLength(32);
  });

  it('A15: while it is away, work waits within its time, can be given up, and is bounded', async () => {
    const port = await steadyPort();
    const server = await serve({ port });
    const agent = await join_(server, { reconnect: { baseMs: 50 } });
    await server.close();
    await until(() => agent.state.state === 'reconnecting');
    expect((await failure(agent.request('message', 'x', { timeoutMs: 40 }))).code).toBe('E_TIMEOUT');
    const controller = new AbortController();
    const given = agent.request('message', 'x', { signal: controller.signal });
    controller.abort();
    expect((await failure(given)).code).toBe('E_CANCELLED');
    const waiting = Array.from({ length: 1_024 }, (_, index) =>
      agent.request('message', String(index), { timeoutMs: 20_000 }),
    );
    expect((await failure(agent.request('message', 'one too many'))).code).toBe('E_BUSY');
    const back = await serve({ port });
    // Another identity on the same port would be refused: in-memory agents remember as well.
    expect((await failure(Promise.all(waiting))).code).toBe('E_CLOSED');
    expect(agent.state).toMatchObject({ state: 'closed', code: 'E_IDENTITY_CHANGED' });
    expect(back.agents.length).toBe(0);
  });

  it('B9: a server that takes connections and closes them at once is met ever more rarely', async () => {
    let accepted = 0;
    const stub: Server = createServer((socket) => {
      accepted += 1;
      socket.on('error', () => undefined);
      socket.destroy();
    });
    await new Promise<void>((resolve) => stub.listen(0, '127.0.0.1', resolve));
    cleanups.push(() => new Promise<void>((resolve) => stub.close(() => resolve())));
    const { port } = stub.address() as { port: number };
    const delays: number[] = [];
    const controller = new AbortController();
    const attempt = connect({
      server: `127.0.0.1:${port}`,
      reconnect: { baseMs: 50, capMs: 800 },
      random: () => 0.999,
      signal: controller.signal,
      onState: (state) => {
        if (state.state === 'reconnecting') delays.push(state.delayMs);
      },
    });
    await sleep(1_500);
    await until(() => accepted >= 4 && delays.length >= 4);
    controller.abort();
    expect((await failure(attempt)).code).toBe('E_CANCELLED');
    // 50 + 100 + 200 + 400 + 800 ms: the fifth attempt waits when 1.5 s are over.
    expect(accepted).toBeGreaterThanOrEqual(4);
    expect(accepted).toBeLessThanOrEqual(6);
    expect(delays.slice(0, 4).map((delay) => Math.round(delay / 50))).toEqual([1, 2, 4, 8]);
  });

  it('B9: a server that admits and drops at once does not reset the waits', async () => {
    const server = await serve({ decide: () => ({ retryBaseMs: 50, retryCapMs: 10_000, retryWindowMs: 0 }) });
    const attempts: number[] = [];
    const agent = await join_(server, { random: () => 0.999 });
    agent.on('reconnecting', ({ attempt }) => attempts.push(attempt));
    agent.on('connected', () => setImmediate(() => server.cut()));
    server.cut();
    await sleep(1_200);
    await until(() => attempts.length >= 3);
    expect(attempts).toEqual(attempts.map((_, index) => index + 1));
    expect(attempts.length).toBeLessThanOrEqual(6);
    expect(attempts.length).toBeGreaterThanOrEqual(3);
  });

  it.each(['E_REPLACED', 'E_ID_TAKEN', 'E_UNKNOWN_AGENT', 'E_TOKEN_USED', 'E_TOKEN_EXPIRED', 'E_BANNED'] as const)(
    'A15: a sealed %s ends the agent for good',
    async (code) => {
      const server = await serve({ decide: () => code });
      const error = await failure(connect({ server: server.address, reconnect: { baseMs: 50 } }));
      expect(error.code).toBe(code);
      await sleep(150);
      expect(server.connections.length).toBe(1);
    },
  );

  it('T15: replaced while it is open, it closes and stays away', async () => {
    const server = await serve();
    const agent = await join_(server);
    server.last.session.fail('E_REPLACED', monotonicNow());
    server.last.connection.wake();
    expect(await agent.whenClosed).toMatchObject({ state: 'closed', code: 'E_REPLACED' });
    await sleep(150);
    expect(server.connections.length).toBe(1);
  });

  it('a refusal in clear is a hint: never final, whatever code it names, and bounded', async () => {
    const server = await serve({ reject: { code: 'E_BANNED', retryAfterMs: 3_600_000 } });
    const states: AgentState[] = [];
    const agent = connect({
      server: server.address,
      reconnect: { baseMs: 50, capMs: 100 },
      timeoutMs: 3_000,
      onState: (state) => states.push(state),
    });
    const error = await failure(agent);
    expect(error.code).toBe('E_TIMEOUT');
    expect(server.connections.length).toBeGreaterThan(2);
    for (const state of states) {
      if (state.state === 'reconnecting') expect(state).toMatchObject({ reason: 'E_REJECTED' });
      if (state.state === 'reconnecting') expect(state.delayMs).toBeLessThanOrEqual(201);
    }
  });

  it('A15: a sealed retry time and the come-back time of go-away are obeyed', async () => {
    const server = await serve({
      decide: (_agent, attempt) => (attempt === 1 ? 'E_RATE_LIMITED' : undefined),
      retryAfterMs: 300,
    });
    const startedAt = monotonicNow();
    const agent = await join_(server, { reconnect: { baseMs: 50 } });
    expect(monotonicNow() - startedAt).toBeGreaterThan(300);
    server.handlers.handle('slow', async () => {
      await sleep(100);
      return 'finished';
    });
    const slow = agent.request('slow', '');
    await until(() => server.last.channel.requestsAtWork === 1);
    server.last.session.goAway({ code: 'E_DRAINING', comeBackAfterMs: 250, address: null, drainMs: 2_000 });
    server.last.connection.wake();
    const away = new Promise<AgentState>((resolve) => agent.once('reconnecting', resolve));
    expect((await slow).text()).toBe('finished');
    expect(await away).toMatchObject({ reason: 'E_DRAINING' });
    expect(((await away) as { delayMs: number }).delayMs).toBeGreaterThanOrEqual(250);
    expect((await agent.request('message', 'back')).text()).toBe('back');
  });

  it('B8: fifty agents that lose a server come back spread over the window', async () => {
    const identity = newIdentity();
    const decide = (): object => ({ retryWindowMs: 1_000, retryCapMs: 2_000 });
    const port = await steadyPort();
    const server = await serve({ identity, port, decide });
    const agents = await Promise.all(Array.from({ length: 50 }, () => join_(server)));
    // When each means to come: on a machine that stands still for a while, those that are due meanwhile come together.
    const dueAt: number[] = [];
    for (const agent of agents)
      agent.on('reconnecting', ({ attempt, delayMs }) => attempt === 1 && dueAt.push(monotonicNow() + delayMs));
    await server.close();
    const back = await serve({ identity, port, decide });
    await until(() => back.agents.length === 50 && agents.every(({ state }) => state.state === 'connected'), 10_000);
    const times = dueAt.map((at) => at - Math.min(...dueAt)).sort((left, right) => left - right);
    expect(times).toHaveLength(50);
    expect(times.at(-1)).toBeGreaterThan(300);
    const busiest = Math.max(...times.map((at) => times.filter((other) => other >= at && other < at + 100).length));
    expect(busiest).toBeLessThan(25);
    // And nobody comes before its time, but for what a timer may be early.
    const cameAt = [...back.acceptedAt].sort((left, right) => left - right);
    for (const [index, time] of times.entries()) expect(cameAt[index]).toBeGreaterThan(Math.min(...dueAt) + time - 5);
  }, 20_000);
});

describe('C6, 2.4.8: each way to fail has its own message', () => {
  it('refused, unresolvable, foreign, silent', async () => {
    const refused = await failure(connect({ server: '127.0.0.1:1', reconnect: false }));
    expect(refused).toMatchObject({ code: 'E_UNREACHABLE', message: 'Nothing listens on 127.0.0.1:1' });
    const unresolvable = await failure(connect({ server: 'no-such-host.invalid:1337', reconnect: false }));
    expect(unresolvable).toMatchObject({ code: 'E_ADDRESS' });
    const http = createHttpServer();
    await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
    cleanups.push(() => void http.close());
    const foreign = await failure(
      connect({ server: `127.0.0.1:${(http.address() as { port: number }).port}`, reconnect: false }),
    );
    expect(foreign).toMatchObject({ code: 'E_NOT_SEALANE' });
    const silent = createServer((socket) => void socket.on('error', () => undefined).resume());
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    cleanups.push(() => void silent.close());
    const { port } = silent.address() as { port: number };
    const late = await failure(connect({ server: `127.0.0.1:${port}`, reconnect: false, handshakeTimeoutMs: 100 }));
    expect(late).toMatchObject({ code: 'E_HANDSHAKE_TIMEOUT' });
    expect(new Set([refused, unresolvable, foreign, late].map(({ message }) => message)).size).toBe(4);
  });

  it('B10: a name that cannot be resolved is tried again, with a clear message', async () => {
    const states: AgentState[] = [];
    const error = await failure(
      connect({
        server: 'no-such-host.invalid',
        reconnect: { baseMs: 50, capMs: 50 },
        timeoutMs: 3_000,
        onState: (state) => states.push(state),
      }),
    );
    expect(error.code).toBe('E_TIMEOUT');
    expect(explanationOf(error).why).toContain('The name "no-such-host.invalid" cannot be resolved');
    expect(states.filter(({ state }) => state === 'reconnecting').length).toBeGreaterThanOrEqual(1);
  });
});
