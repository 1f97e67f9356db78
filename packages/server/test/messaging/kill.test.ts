/** A process that is killed again and again while it sends: what it said is stored is in every queue, once and in order. */
import { afterEach, describe, expect, it } from '@jest/globals';
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { testProgramWords } from '@sealane/node/testing';
import { decodeItem, messagesTopic } from '@sealane/shared/items';
import { MessageQueues } from '../../src/messaging/queues/message-queues.ts';
import { SqliteMessagingStore } from '../../src/messaging/store/sqlite-messaging-store.ts';
import { SqliteStore } from '../../src/store/index.ts';
import { eventually } from '../eventually.ts';

const KILLS = 6;
const START_MS_MAX = 20_000;
const folder = mkdtempSync(join(tmpdir(), 'sealane-kill-'));

afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** Runs the process until it has sent so many messages, and kills it. @returns the numbers that it said are stored. */
async function sendAndKill(first: number, messages: number): Promise<number[]> {
  const script = fileURLToPath(new URL('./sending-process.ts', import.meta.url));
  const process_ = spawn(process.execPath, [...testProgramWords(script), folder, String(first)]);
  let output = '';
  let errors = '';
  process_.stdout.on('data', (text: Buffer) => (output += text.toString()));
  process_.stderr.on('data', (text: Buffer) => (errors += text.toString()));
  const ended = new Promise((resolve) => process_.once('exit', resolve));
  const stored = (): number[] => [...output.matchAll(/^stored (\d+)\n/gm)].map(([, number]) => Number(number));
  await eventually('its messages', () => stored().length >= messages || process_.exitCode !== null, START_MS_MAX);
  if (process_.exitCode !== null) throw new Error(errors);
  process_.kill('SIGKILL');
  await ended;
  return stored();
}

describe('messaging under kill -9', () => {
  it('R1 R3: nothing that was stored is lost, nothing comes twice, and numbers go on where they were', async () => {
    const stored: number[] = [];
    for (let count = 0; count < KILLS; count++) {
      const first = await nextWrite();
      stored.push(...(await sendAndKill(first, 1 + count * 25)));
    }
    expect(stored.length).toBeGreaterThanOrEqual(KILLS);
    const { events, close } = await openAll();
    for (const agentId of ['bob', 'carol']) {
      const got = await messagesOf(events, agentId);
      expect(got).toEqual(Array.from({ length: got.length }, (_, index) => index + 2));
      expect(stored.filter((number) => !got.includes(number))).toEqual([]);
    }
    await close();
  }, 60_000);
});

/** The number after the last one that the server has. */
async function nextWrite(): Promise<number> {
  const { events, close } = await openAll();
  const messages = await messagesOf(events, 'bob');
  await close();
  return messages.length === 0 ? 1 : (messages.at(-1) ?? 0) + 1;
}

/** Both stores, with what a crash left published. */
async function openAll() {
  const events = new SqliteStore(join(folder, 'events.db'), { diskFloorBytes: 0 });
  const nothing = () => undefined;
  await events.open({ onQueues: nothing, onAgentLost: nothing, onHealth: nothing, onIncident: nothing });
  const store = new SqliteMessagingStore(join(folder, 'messaging.db'));
  await store.open(nothing);
  const queues = new MessageQueues({
    events,
    store,
    devices: { accountOf: () => Promise.resolve(new Uint8Array(32)) },
    environment: { now: () => 0, wallClock: Date.now, schedule: () => ({ cancel: nothing }) },
    pendingMax: 100,
    busyRetryMs: 1,
    onTransient: nothing,
    onDamaged: nothing,
  });
  await queues.start();
  const close = async (): Promise<void> => {
    queues.stop();
    await store.close();
    await events.close();
  };
  return { events, close };
}

/** Numbers of the messages in the queue of a device. */
async function messagesOf(events: SqliteStore, agentId: string): Promise<number[]> {
  const [queue] = await events.queuesOf(agentId);
  if (queue === undefined) return [];
  expect(queue.spec).toMatchObject({ pattern: messagesTopic(agentId) });
  const lease = await events.claimAgent(agentId, 'main');
  const items = await events.read(queue.queueId, { after: 0, limit: 100_000, bytesMax: 1_000_000_000 }, lease);
  return items.flatMap((entry) => {
    const item = entry.kind === 'event' ? decodeItem(entry.body) : undefined;
    if (item?.kind !== 'message' || item.body === undefined) return [];
    return [new DataView(item.body.buffer, item.body.byteOffset).getUint32(0)];
  });
}
