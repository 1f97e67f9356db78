import { afterEach, describe, expect, it } from '@jest/globals';
import { createLogger } from '@sealane/node/log';
import { Writable } from 'node:stream';
import type { ServerOptions } from '../src/index.ts';
import { limitsOf } from '../src/config/index.ts';
import { RawPeer, timeUntilEnd } from './raw-peer.ts';
import { TestAgent } from './test-agent.ts';
import { TestServer, eventually } from './test-server.ts';

let server: TestServer;
let logged = '';
afterEach(() => server.stop());

async function start(options: Partial<ServerOptions> = {}): Promise<void> {
  logged = '';
  const stream = new Writable({
    write(chunk: Buffer, _encoding, done) {
      logged += chunk.toString();
      done();
    },
  });
  server = await TestServer.start({ log: createLogger({ level: 'debug', stream, json: true }), ...options });
}

const FAST = { limitOverrides: { session: { ...limitsOf('default').session, handshakeTimeoutMs: 300 } } };

describe('peers that say nothing, or nothing useful', () => {
  it('T2, G5, 2.0.14, 2.1.10, 2.4.7: a silent socket is closed at the deadline and counted', async () => {
    await start(FAST);
    const elapsedMs = await timeUntilEnd(await RawPeer.connect(server.port));
    expect(elapsedMs).toBeGreaterThan(250);
    expect(elapsedMs).toBeLessThan(5_000);
    await eventually('counted', () => server.library.counters().connections.closing === 0);
    expect(server.library.counters().handshakes.failed).toEqual({ E_HANDSHAKE_TIMEOUT: 1 });
  });

  it('T2: a handshake that drips a byte now and then gets no more time', async () => {
    await start(FAST);
    const peer = await RawPeer.connect(server.port);
    const drip = setInterval(() => peer.send(Uint8Array.of(0)), 100);
    expect(await timeUntilEnd(peer)).toBeLessThan(5_000);
    clearInterval(drip);
  });

  it.each([
    ['http', 'GET / HTTP/1.1\r\nHost: x\r\n\r\n'],
    ['tls', Uint8Array.of(0x16, 0x03, 0x01, 0x02, 0x00, 0x01, 0x00, 0x01, 0xfc)],
    ['noise', Uint8Array.from({ length: 256 }, (_, index) => 255 - index)],
  ])('T3: %s is closed at once with one short line', async (kind, bytes) => {
    await start();
    const peer = (await RawPeer.connect(server.port)).send(bytes);
    expect(await timeUntilEnd(peer)).toBeLessThan(5_000);
    expect(peer.received).toHaveLength(0);
    await eventually('counted', () => server.library.counters().refused[kind] === 1);
    const lines = logged.split('\n').filter((line) => line !== '');
    expect(lines).toHaveLength(1);
    expect(JSON.parse(lines[0]!)).toMatchObject({
      message: 'closed: not Sealane',
      looksLike: kind,
      address: '127.0.0.1',
    });
    expect(logged).not.toContain('at ');
  });

  it('A12, 2.0.12, 2.1.8: 16 bytes that announce 3.75 GiB end the connection and take no memory', async () => {
    await start();
    const before = process.memoryUsage().rss;
    for (const length of [0xf000_0000, 0x00ff_ffff, 4_097]) {
      const bytes = Buffer.alloc(16);
      bytes.writeUInt32BE(length);
      const peer = (await RawPeer.connect(server.port)).send(bytes);
      expect(await timeUntilEnd(peer)).toBeLessThan(5_000);
    }
    expect(process.memoryUsage().rss - before).toBeLessThan(64 * 2 ** 20);
  });

  it('2.1.7: a zero-length frame ends the connection with a code, and the server lives', async () => {
    await start();
    expect(await timeUntilEnd((await RawPeer.connect(server.port)).send(Buffer.alloc(4)))).toBeLessThan(5_000);
    await eventually('counted', () => Object.keys(server.library.counters().handshakes.failed).length === 1);
    expect(Object.keys(server.library.counters().handshakes.failed)[0]).toMatch(/^E_/);
    await (await TestAgent.open({ port: server.port })).close();
  });

  it('2.1.9: every first packet but a whole 0x01 ends the connection', async () => {
    await start();
    for (let id = 0; id < 256; id += 5) {
      const frame = Buffer.alloc(51);
      frame.writeUInt32BE(47);
      frame[4] = id === 1 ? 2 : id;
      expect(await timeUntilEnd((await RawPeer.connect(server.port)).send(frame))).toBeLessThan(5_000);
    }
    expect(server.library.counters().faults).toBe(0);
  });

  it('B6: a reset in the middle of everything leaves nothing behind', async () => {
    await start();
    for (const size of [0, 1, 4, 5, 100]) {
      const peer = await RawPeer.connect(server.port);
      if (size > 0) peer.send(Buffer.alloc(size).fill(0).subarray(0, size));
      peer.socket.resetAndDestroy();
      await peer.ended;
    }
    const agent = await TestAgent.open({ port: server.port });
    void agent.channel.request('echo', 'x'.repeat(100_000)).catch(() => undefined);
    agent.destroy();
    await eventually('all gone', () => {
      const { handshaking, open, closing } = server.library.counters().connections;
      return handshaking + open + closing === 0;
    });
    expect(server.library.counters().faults).toBe(0);
  });

  it('2.4.6: two hundred silent sockets keep nobody waiting', async () => {
    await start();
    const idle = await Promise.all(Array.from({ length: 200 }, () => RawPeer.connect(server.port)));
    const startMs = performance.now();
    const agent = await TestAgent.open({ port: server.port });
    expect((await agent.channel.request('echo', 'hi')).text()).toBe('hi');
    expect(performance.now() - startMs).toBeLessThan(5_000);
    await agent.close();
    for (const peer of idle) peer.socket.destroy();
  });

  it('2.4.5: 0x01 works byte by byte', async () => {
    await start();
    const agent = await TestAgent.start({ port: server.port, settings: {} });
    await agent.opened;
    await agent.close();
    // The agent's own 0x01, cut: an impatient relay in front of the server.
    const peer = await RawPeer.connect(server.port);
    const { createServer } = await import('node:net');
    const cutter = createServer((client) => {
      client.on('data', (chunk: Buffer) => {
        for (const byte of chunk) peer.socket.write(Uint8Array.of(byte));
      });
      peer.socket.on('data', (chunk: Buffer) => client.write(chunk));
      client.on('error', () => undefined);
    });
    await new Promise<void>((resolve) => cutter.listen(0, '127.0.0.1', resolve));
    const port = (cutter.address() as { port: number }).port;
    const cut = await TestAgent.open({ port });
    expect((await cut.channel.request('echo', 'in pieces')).text()).toBe('in pieces');
    await cut.close();
    peer.socket.destroy();
    cutter.close();
  });
});

describe('limits by address', () => {
  const strict = { limits: 'strict', limitOverrides: { loopbackExempt: false } } as const;

  it('G3: the eleventh unauthenticated connection of an address is told to come back; another address gets in', async () => {
    await start(strict);
    const ten = await Promise.all(Array.from({ length: 10 }, () => RawPeer.connect(server.port)));
    await eventually('taken', () => server.library.counters().connections.handshaking === 10);
    const eleventh = await RawPeer.connect(server.port);
    await eleventh.ended;
    expect(eleventh.rejection).toEqual({ code: 'E_TOO_MANY_CONNECTIONS', retryAfterMs: 1_000 });
    const other = await RawPeer.connect(server.port, { from: '127.0.0.2' });
    await eventually('taken', () => server.library.counters().connections.handshaking === 11);
    for (const peer of [...ten, other]) peer.socket.destroy();
    await eventually('gone', () => server.library.counters().addresses === 0);
    expect(server.library.counters()).toMatchObject({ accepted: 11, refused: { address: 1 } });
  });

  it('G3, 2.0.17: authenticated connections do not count; after churn everything is back at zero', async () => {
    await start(strict);
    for (let round = 0; round < 3; round++) {
      const agents: TestAgent[] = [];
      for (let count = 0; count < 12; count++) agents.push(await TestAgent.open({ port: server.port }));
      expect(server.library.agents()).toHaveLength(12);
      await Promise.all(agents.map(async (agent, index) => (index % 2 === 0 ? await agent.close() : agent.destroy())));
      await eventually('gone', () => server.library.counters().addresses === 0);
    }
    expect(server.library.agents()).toEqual([]);
    expect(server.library.counters().connections).toEqual({ handshaking: 0, open: 0, closing: 0 });
    expect(server.library.counters().handshakes).toEqual({ succeeded: 36, failed: {} });
  });

  it('G2, T14, 2.4.14: after five failures the address is refused before any cryptography; others are served', async () => {
    await start(strict);
    for (let count = 0; count < 5; count++) await (await RawPeer.connect(server.port)).send('rubbish!').ended;
    const sixth = await RawPeer.connect(server.port);
    await sixth.ended;
    expect(sixth.rejection).toMatchObject({ code: 'E_RATE_LIMITED' });
    expect(sixth.rejection!.retryAfterMs).toBeGreaterThan(5_000);
    const agent = await TestAgent.start({ port: server.port });
    expect(await agent.closed).toMatchObject({ reason: 'rejected', code: 'E_RATE_LIMITED' });
    const other = await RawPeer.connect(server.port, { from: '127.0.0.2' });
    await eventually('taken', () => server.library.counters().connections.handshaking === 1);
    other.socket.destroy();
    expect(server.library.counters().refused).toMatchObject({ noise: 5, rate: 2 });
  });

  it('G4: who connects and leaves without a word, as a health check does, is never blamed', async () => {
    await start(strict);
    for (let count = 0; count < 20; count++) {
      const peer = await RawPeer.connect(server.port);
      peer.socket.end();
      await peer.ended;
    }
    await (await TestAgent.open({ port: server.port })).close();
    expect(server.library.counters().handshakes.failed).toEqual({ silent: 20 });
  });

  it('G3: at the total cap a refusal says when to retry', async () => {
    await start({ limitOverrides: { connectionsMax: 2 } });
    const two = await Promise.all([RawPeer.connect(server.port), RawPeer.connect(server.port)]);
    await eventually('taken', () => server.library.counters().connections.handshaking === 2);
    const agent = await TestAgent.start({ port: server.port });
    const rejected = { reason: 'rejected', code: 'E_TOO_MANY_CONNECTIONS', retryAfterMs: 5_000 };
    expect(await agent.closed).toMatchObject(rejected);
    two[0].socket.destroy();
    await eventually('gone', () => server.library.counters().connections.handshaking === 1);
    await (await TestAgent.open({ port: server.port })).close();
    two[1].socket.destroy();
  });
});
