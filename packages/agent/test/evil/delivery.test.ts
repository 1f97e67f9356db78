/** An evil server towards a real agent (R4, R11, rule 2): answers that fit nothing, numbers out of every order, and silence. */
import { afterEach, describe, expect, it } from '@jest/globals';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  encodeAccepted,
  encodeEvent,
  encodePresence,
  encodeProducerOpened,
  encodeReceipt,
  encodeSkipped,
  encodeSubscribed,
  encodeUnsubscribed,
} from '@sealane/shared/packets';
import { connect, type Agent, type ConnectOptions, type DeliveredEvent } from '../../src/index.ts';
import { EvilServer, type EvilConnection, type EvilServerOptions } from './evil-server.ts';

const LINEAGE = new Uint8Array(16).fill(3);
const EMPTY = new Uint8Array(0);
const UINT_MAX = Number.MAX_SAFE_INTEGER;
const UINT32_MAX = 0xffff_ffff;

const cleanups: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

interface Meeting {
  readonly agent: Agent;
  readonly connection: EvilConnection;
  /** Why connections ended, in turn. */
  readonly reasons: string[];
}

async function meet(options: EvilServerOptions = {}, about: ConnectOptions = {}): Promise<Meeting> {
  const server = await EvilServer.listen(options);
  cleanups.push(() => server.close());
  const reasons: string[] = [];
  const agent = await connect({
    server: server.address,
    suites: 'any',
    onState: (state) => {
      if (state.state === 'reconnecting') reasons.push(state.reason);
    },
    ...about,
  });
  cleanups.push(() => agent.close());
  return { agent, connection: server.last, reasons };
}

async function until(what: string, holds: () => boolean, limitMs = 15_000): Promise<void> {
  const endAt = performance.now() + limitMs;
  while (!holds()) {
    if (performance.now() > endAt) throw new Error(`did not happen: ${what}`);
    await sleep(2);
  }
}

/** A subscription that the evil server has granted. @returns what its handler got. */
async function subscribed(
  { agent, connection }: Meeting,
  windowEvents = 16,
  granted = windowEvents,
): Promise<DeliveredEvent[]> {
  const events: DeliveredEvent[] = [];
  const subscription = agent.subscribe('a.>', (event) => void events.push(event), { windowEvents });
  await until('Subscribe', () => connection.packets.some(({ id }) => id === 0x30));
  connection.forge((writer) => encodeSubscribed(writer, 1, LINEAGE, 0, 1, 0, granted, 30_000, 0));
  await subscription.ready;
  return events;
}

function event(connection: EvilConnection, sequence: number, body: Uint8Array = EMPTY, subscription = 1): void {
  connection.forge((writer) => {
    encodeEvent(writer, subscription, sequence, 1, `id-${sequence}`, 0, 'server', 'a.b', body, null);
  });
}

const acks = ({ packets }: EvilConnection): unknown[] =>
  packets.flatMap((packet) => (packet.id === 0x35 ? [[packet.sequence, packet.attempt]] : []));

describe('an evil server, deliveries', () => {
  it('R4: events of subscriptions that are not there reach nobody, and the agent goes on', async () => {
    const meeting = await meet();
    const { connection, reasons } = meeting;
    event(connection, 1, EMPTY, 9);
    connection.forge((writer) => encodeSkipped(writer, 8, 1, 9, 1));
    connection.forge((writer) => encodeUnsubscribed(writer, 7, 0x16, 0));
    const events = await subscribed(meeting);
    event(connection, 1, EMPTY, 2);
    event(connection, 1, EMPTY, UINT32_MAX);
    event(connection, 1);
    await until('an ack', () => acks(connection).length === 1);
    expect([events.length, acks(connection), reasons]).toEqual([1, [[1, 1]], []]);
  });

  it('R3: a sequence comes again with other bytes: what was handled is acked, and handled once', async () => {
    const meeting = await meet();
    const events = await subscribed(meeting);
    const { connection } = meeting;
    event(connection, 1, Uint8Array.of(1));
    await until('an ack', () => acks(connection).length === 1);
    event(connection, 1, Uint8Array.of(2));
    await until('an ack', () => acks(connection).length === 2);
    expect(events.map(({ body }) => [...body])).toEqual([[1]]);
  });

  it('R17: sequences that go back, leave gaps and reach the end of numbers are handled once each', async () => {
    const meeting = await meet();
    const events = await subscribed(meeting);
    const { connection, reasons } = meeting;
    const sequences = [9, 3, 9, 1, UINT_MAX, 3, UINT_MAX - 1, 2];
    for (const [index, sequence] of sequences.entries()) {
      event(connection, sequence);
      await until('an ack', () => acks(connection).length === index + 1);
    }
    expect(events.map(({ sequence }) => sequence)).toEqual([9, 3, 1, UINT_MAX, UINT_MAX - 1, 2]);
    expect(reasons).toEqual([]);
  });

  it('an Event before Subscribed ends the connection, and so does a Skipped', async () => {
    for (const send of [
      (connection: EvilConnection) => event(connection, 1),
      (connection: EvilConnection) => connection.forge((writer) => encodeSkipped(writer, 1, 1, 2, 1)),
    ]) {
      const { agent, connection } = await meet();
      agent.subscribe('a.>', () => undefined);
      await until('Subscribe', () => connection.packets.length === 1);
      send(connection);
      await until('the end', () => connection.closed !== undefined);
      expect(connection.closed).toMatchObject({ code: 'E_STATE', byPeer: true });
    }
  });

  it('rule 2: more deliveries than twice the window asked end the connection, however much the server grants itself', async () => {
    const meeting = await meet();
    const { agent, connection } = meeting;
    let handled = 0;
    agent.subscribe('a.>', () => new Promise(() => void (handled += 1)), { windowEvents: 8 });
    await until('Subscribe', () => connection.packets.length === 1);
    connection.forge((writer) => encodeSubscribed(writer, 1, LINEAGE, 0, 1, 0, 4_096, 30_000, 0));
    for (let sequence = 1; sequence <= 17 && connection.closed === undefined; sequence++) event(connection, sequence);
    await until('the end', () => connection.closed !== undefined);
    expect(connection.closed).toMatchObject({ code: 'E_FLOW_CONTROL', byPeer: true });
    expect(handled).toBe(1);
  });

  it('rule 2: a time for acks of 1 ms does not make it tell progress without end', async () => {
    const { agent, connection } = await meet();
    agent.subscribe('a.>', () => new Promise(() => undefined));
    await until('Subscribe', () => connection.packets.length === 1);
    connection.forge((writer) => encodeSubscribed(writer, 1, LINEAGE, 0, 1, 0, 8, 1, 0));
    event(connection, 1);
    await sleep(1_000);
    const progress = connection.packets.filter(({ id }) => id === 0x37);
    expect(progress.length).toBeLessThan(20);
  });

  it('R13: a Skipped up to the end of numbers is noted and acked once', async () => {
    const meeting = await meet();
    const events = await subscribed(meeting);
    const { connection, reasons } = meeting;
    connection.forge((writer) => encodeSkipped(writer, 1, 1, UINT_MAX, 99));
    await until('an ack', () => acks(connection).length === 1);
    event(connection, 5);
    await until('an ack', () => acks(connection).length === 2);
    expect([acks(connection), events, reasons]).toEqual([
      [
        [UINT_MAX, 0],
        [5, 1],
      ],
      [],
      [],
    ]);
  });

  it('presence of somebody that nobody watches reaches nobody', async () => {
    const { agent, connection, reasons } = await meet();
    const told: string[] = [];
    agent.watchPresence('ada', ({ agentId }) => void told.push(agentId));
    for (const agentId of ['eve', 'ada', 'ada', 'x'.repeat(64)])
      connection.forge((writer) => encodePresence(writer, agentId, true, UINT_MAX, 0));
    await until('presence', () => told.length === 2);
    expect([told, reasons]).toEqual([['ada', 'ada'], []]);
  });
});

describe('an evil server, publishing', () => {
  it('R4: receipts of outboxes and numbers that are not there change nothing', async () => {
    const { agent, connection, reasons } = await meet({
      onDelivery: (evil, packet) => {
        if (packet.id === 0x39) evil.forge((writer) => encodeProducerOpened(writer, packet.producer, 0, 0, 0));
        if (packet.id !== 0x3b) return;
        const { producer, number } = packet;
        evil.forge((writer) => {
          encodeReceipt(writer, producer + 1, number, 1, 77, 0, 0, 0);
          encodeReceipt(writer, producer, number + 1_000, 1, 78, 0, 0, 0);
          encodeReceipt(writer, producer, UINT_MAX, 1, 79, 0, 0, 0);
          encodeReceipt(writer, producer, number, 1, 80, 1, 0, 0);
          encodeReceipt(writer, producer, number, 1, 81, 0, 0, 0);
        });
      },
    });
    expect(await agent.publish('topic:a', 'x')).toMatchObject({ sequence: 80, durability: 'relaxed' });
    expect([reasons, connection.closed]).toEqual([[], undefined]);
  });

  it('R4: a receipt for more than was sent ends the connection, and the event is sent again at the next', async () => {
    let publishes = 0;
    const { agent, reasons } = await meet({
      acceptance: { retryBaseMs: 1, retryCapMs: 1, retryWindowMs: 1 },
      onDelivery: (evil, packet) => {
        if (packet.id === 0x39) evil.forge((writer) => encodeProducerOpened(writer, packet.producer, 0, 0, 0));
        if (packet.id !== 0x3b) return;
        publishes += 1;
        const count = publishes === 1 ? UINT32_MAX : 1;
        evil.forge((writer) => encodeReceipt(writer, packet.producer, packet.number, count, 5, 0, 0, 0));
      },
    });
    expect(await agent.publish('topic:a', 'x')).toMatchObject({ sequence: 5 });
    expect([publishes, reasons]).toEqual([2, ['E_STATE']]);
  });

  it('R11: a server that claims to have the last of all numbers does not spoil the outbox', async () => {
    let connections = 0;
    const dataDir = mkdtempSync(join(tmpdir(), 'sealane-agent-'));
    const options: EvilServerOptions = {
      acceptance: { retryBaseMs: 1, retryCapMs: 1, retryWindowMs: 1 },
      onDelivery: (evil, packet) => {
        if (packet.id === 0x39) {
          connections += 1;
          const number = connections === 1 ? UINT_MAX : 0;
          evil.forge((writer) => encodeProducerOpened(writer, packet.producer, number, 0, 0));
        }
        if (packet.id === 0x3b)
          evil.forge((writer) => encodeReceipt(writer, packet.producer, packet.number, 1, 9, 0, 0, 0));
      },
    };
    const { agent, reasons } = await meet(options, { dataDir });
    cleanups.push(() => agent.close().then(() => rmSync(dataDir, { recursive: true, force: true })));
    expect(await agent.publish('topic:a', 'x')).toMatchObject({ sequence: 9 });
    expect(reasons).toEqual(['E_STATE']);
  });

  it('a server that never answers: callers are told in time, and the agent closes', async () => {
    const meeting = await meet();
    const { agent } = meeting;
    const subscription = agent.subscribe('a.>', () => undefined);
    await expect(agent.publish('topic:a', 'x', { timeoutMs: 200 })).rejects.toMatchObject({ code: 'E_TIMEOUT' });
    await expect(agent.request('x', 'x', { timeoutMs: 200 })).rejects.toMatchObject({ code: 'E_TIMEOUT' });
    const startedAt = performance.now();
    await agent.close();
    expect(performance.now() - startedAt).toBeLessThan(4_000);
    expect(await subscription.whenEnded).toMatchObject({ code: 'E_CLOSED' });
  });
});

describe('an evil server, lengths and times', () => {
  it('2.1.8: an announced giant ends the connection at once', async () => {
    for (const length of [0xffff_ffff, 262_173]) {
      const { agent, connection } = await meet({}, { reconnect: false });
      const header = Buffer.alloc(8);
      header.writeUInt32BE(length);
      connection.socket.write(header);
      expect((await agent.whenClosed).code).toBe('E_TOO_LARGE');
    }
  });

  it('B9: times of zero, and of weeks, make neither a busy loop nor silence', async () => {
    let accepted = 0;
    const server = await EvilServer.listen({
      onIdentified: (connection) => {
        accepted += 1;
        connection.forge((writer) => {
          encodeAccepted(writer, LINEAGE, false, EMPTY, 1, 1, 0, 0, 0, 'agent-1');
        });
        connection.socket.end();
      },
    });
    cleanups.push(() => server.close());
    const agent = await connect({ server: server.address, suites: 'any' });
    const startedMs = performance.now();
    await sleep(1_000);
    for (let waits = 0; accepted <= 2 && waits < 100; waits++) await sleep(100);
    await agent.close();
    expect(accepted).toBeGreaterThan(2);
    expect(accepted).toBeLessThan((150 * (performance.now() - startedMs)) / 1_000);
  });
});
