import { DatabaseSync } from 'node:sqlite';
import { expect, it } from '@jest/globals';
import type { NewEvent, PublishResult, QueueInfo } from '../../store/index.ts';
import {
  PENDING_TABLES,
  addPending,
  listPending,
  removePending,
  type NewPendingItem,
} from '../store/pending-tables.ts';
import type { ServiceStore } from '../store/service-store.ts';
import { preparing, type Sql } from '../store/sql.ts';
import { MessageQueues } from './message-queues.ts';

const STORED: PublishResult = { status: 'stored', sequence: 1, durability: 'durable' };

/** Queues over tables in memory. @returns what is published and what is damaged as they go. */
function queuesOver(sql: Sql) {
  const [published, damaged]: [NewEvent[], number[]] = [[], []];
  const steps: Readonly<Record<string, (ask: never) => unknown>> = {
    addPending: (ask) => addPending(sql, ask),
    listPending: (ask) => listPending(sql, ask),
    removePending: (ids) => removePending(sql, ids),
  };
  const queues = new MessageQueues({
    events: {
      openQueue: () => Promise.resolve({} as QueueInfo),
      deleteQueue: () => Promise.resolve(true),
      publish: (events) => {
        published.push(...events);
        return Promise.resolve(events.map(() => STORED));
      },
    },
    store: { ask: (name: string, ask: unknown) => Promise.resolve(steps[name]?.(ask as never)) } as ServiceStore,
    devices: { accountOf: () => Promise.resolve(new Uint8Array(32)) },
    environment: { now: () => 0, wallClock: () => 0, schedule: () => ({ cancel: () => undefined }) },
    pendingMax: 10,
    busyRetryMs: 1,
    onTransient: () => undefined,
    onDamaged: (id) => damaged.push(id),
  });
  return { queues, published, damaged };
}

function tables(): Sql {
  const sql = preparing(new DatabaseSync(':memory:'));
  for (const statement of PENDING_TABLES.split(';').filter((text) => text.trim() !== '')) sql(statement).run();
  return sql;
}

it('R1: a damaged row of what was promised is told and set aside, and everything else is published', async () => {
  const sql = tables();
  const promised = { group: new Uint8Array(16), epoch: 1, messageId: new Uint8Array(16), sequence: 1, at: 0 };
  const common = { ...promised, expiresAt: 1, blob: null, recipients: ['bob'] };
  const bodies = ['first', 'no list', 'no kind', 'too long', 'last'].map((text) => new TextEncoder().encode(text));
  addPending(
    sql,
    bodies.map((body): NewPendingItem => ({ kind: 'message', body, ...common })),
  );
  sql(`UPDATE pending SET recipients = '["bob' WHERE id = 2`).run();
  sql(`UPDATE pending SET kind = 'massage' WHERE id = 3`).run();
  sql(`UPDATE pending SET group_id = zeroblob(17) WHERE id = 4`).run();
  const { queues, published, damaged } = queuesOver(sql);
  await queues.start();
  await new Promise((resolve) => setImmediate(resolve));
  expect(published.map(({ body }) => new TextDecoder().decode(body).replace(/^.*?(first|last)$/s, '$1'))).toEqual([
    'first',
    'last',
  ]);
  expect(damaged).toEqual([2, 3, 4]);
  expect(listPending(sql, { after: 0, limit: 10 }).map(({ id }) => id)).toEqual([2, 3, 4]);
});

it('S10: what is promised by tables that were restored is no repetition of what was promised since the backup', async () => {
  const place = { group: null, epoch: 0, messageId: null, sequence: 3, blob: null, recipients: ['bob'] };
  const notice = { ...place, kind: 'account' as const, expiresAt: 1, body: new TextEncoder().encode('alice') };
  const ids = [];
  for (const at of [1, 2]) {
    const { queues, published } = queuesOver(tables());
    await queues.send([{ ...notice, at }]);
    ids.push(...published.map(({ id }) => id));
  }
  expect(new Set(ids).size).toBe(2);
});
