/**
 * A process that a test kills: it makes a group and sends to it, one message after the other and many at once, and says which
 * ones are stored. Not part of the product.
 */
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { MemoryBlobFiles } from '../../src/messaging/blobs/memory-blob-files.ts';
import { MessageServices } from '../../src/messaging/message-services.ts';
import { SqliteMessagingStore } from '../../src/messaging/store/sqlite-messaging-store.ts';
import { SqliteStore } from '../../src/store/index.ts';
import { listDevices } from './device-tables.ts';

const [folder = '', first = '1'] = process.argv.slice(2);
const alice = { agentId: 'alice', accountId: new Uint8Array(32).fill(1) };
const group = new Uint8Array(16).fill(7);
const AT_ONCE = 8;

const events = new SqliteStore(join(folder, 'events.db'), { diskFloorBytes: 0 });
await events.open({
  onQueues: () => undefined,
  onAgentLost: () => undefined,
  onHealth: () => undefined,
  onIncident: () => undefined,
});
const store = new SqliteMessagingStore(join(folder, 'messaging.db'));
await store.open(() => undefined);
const services = new MessageServices({
  events,
  store,
  files: new MemoryBlobFiles({ bytesMax: 1 }),
  devices: {
    accountOf: (agentId) => Promise.resolve(new Uint8Array(32).fill(agentId === 'alice' ? 1 : 2)),
    devicesOf: () => Promise.resolve(undefined),
  },
  environment: {
    now: () => performance.now(),
    wallClock: Date.now,
    schedule: (delayMs, run) => {
      const timer = setTimeout(run, delayMs);
      return { cancel: () => clearTimeout(timer) };
    },
  },
  preset: 'default',
  onTransient: () => undefined,
  onDamaged: () => undefined,
});
await services.start();
let write = Number(first);
if (write === 1) {
  const { accountId } = alice;
  await listDevices(store, { username: 'alice', accountId }, { agentIds: ['alice'], count: 0, entries: 0 });
  const others = { username: 'bob', accountId: new Uint8Array(32).fill(2) };
  await listDevices(store, others, { agentIds: ['bob', 'carol'], count: 0, entries: 1 });
  await services.groups.commit(alice, {
    group,
    epoch: 0,
    write: write++,
    messageId: randomBytes(16),
    commit: { body: Uint8Array.of(1), blob: null },
    welcome: { body: Uint8Array.of(2), blob: null },
    groupInfo: null,
    added: ['bob', 'carol'],
    removed: [],
    isExternal: false,
  });
}
process.stdout.write(`ready ${write}\n`);
for (;;) {
  await Promise.all(
    Array.from({ length: AT_ONCE }, async () => {
      const number = write++;
      const body = new Uint8Array(2_000);
      new DataView(body.buffer).setUint32(0, number);
      const messageId = new Uint8Array(16);
      new DataView(messageId.buffer).setUint32(0, number);
      await services.groups.send(alice, { group, epoch: 1, write: number, messageId, body, ttlMs: 0 });
      process.stdout.write(`stored ${number}\n`);
    }),
  );
}
