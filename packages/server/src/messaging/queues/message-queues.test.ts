import { DatabaseSync } from 'node:sqlite';
import { expect, it } from '@jest/globals';
import type { PublishResult, QueueInfo } from '../../store/index.ts';
import {
  PENDING_TABLES,
  addPending,
  listPending,
  removePending,
  type NewPendingItem,
} from '../store/pending-tables.ts';
import type { ServiceStore } from '../store/service-store.ts';
import { preparing } from '../store/sql.ts';
import { MessageQueues } from './message-queues.ts';

const STORED: PublishResult = { status: 'stored', sequence: 1, durability: 'durable' };

it('R1: a damaged row of what was promised is told and set aside, and everything else is published', async () => {
  const sql = preparing(new DatabaseSync(':memory:'));
  for (const statement of PENDING_TABLES.split(';').filter((text) => text.trim() !== '')) sql(statement).run();
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
  const [published, damaged]: [string[], number[]] = [[], []];
  const steps: Readonly<Record<string, (ask: never) => unknown>> = {
    listPending: (ask) => listPending(sql, ask),
    removePending: (ids) => removePending(sql, ids),
  };
  const queues = new MessageQueues({
    events: {
      openQueue: () => Promise.resolve({} as QueueInfo),
      deleteQueue: () => Promise.resolve(true),
      publish: (events) => {
        for (const { body } of events) published.push(new TextDecoder().decode(body));
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
  await queues.start();
  await new Promise((resolve) => setImmediate(resolve));
  expect(published.map((text) => text.replace(/^.*?(first|last)$/s, '$1'))).toEqual(['first', 'last']);
  expect(damaged).toEqual([2, 3, 4]);
  expect(listPending(sql, { after: 0, limit: 10 }).map(({ id }) => id)).toEqual([2, 3, 4]);
});
