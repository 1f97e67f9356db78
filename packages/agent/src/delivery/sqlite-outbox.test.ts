import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { cpSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import { Lanes, newProducerId } from './lanes.ts';
import { outboxCompliance, sampleEvent } from './outbox.compliance.ts';
import { DEFAULT_OUTBOX_LIMITS } from './outbox.ts';
import { SqliteOutbox } from './sqlite-outbox.ts';
import { SQLITE, SqlError, SqliteDatabase, SqliteThread } from './sqlite-thread.ts';

const directories: string[] = [];
const lanes: SqliteOutbox[] = [];

afterEach(async () => {
  for (const lane of lanes.splice(0)) await lane.close();
  for (const path of directories.splice(0)) rmSync(path, { recursive: true, force: true });
});

function directory(): string {
  const path = mkdtempSync(join(tmpdir(), 'sealane-outbox-'));
  directories.push(path);
  return path;
}

interface Opened {
  readonly lane: SqliteOutbox;
  readonly incidents: string[];
}

async function open(file: string, thread = new SqliteThread(), limits = DEFAULT_OUTBOX_LIMITS): Promise<Opened> {
  const incidents: string[] = [];
  const lane = await SqliteOutbox.open({
    thread,
    file,
    limits,
    newProducerId,
    wallClock: Date.now,
    onIncident: (message) => incidents.push(message),
  });
  lanes.push(lane);
  return { lane, incidents };
}

const ALL = { eventsMax: 100_000, bytesMax: 1_000_000_000 };

describe('SqliteOutbox', () => {
  outboxCompliance(
    async ({ limits, wallClock }) =>
      SqliteOutbox.open({
        thread: new SqliteThread(),
        file: join(directory(), 'lane-1.sqlite'),
        newProducerId,
        wallClock,
        onIncident: () => undefined,
        ...(limits !== undefined && { limits }),
      }),
    { it, expect },
  );

  it('E11: closed and opened again it has the same name, events, numbers and ids', async () => {
    const file = join(directory(), 'lane-1.sqlite');
    const { lane: first } = await open(file);
    for (const text of ['1', '2', '3']) await first.add(sampleEvent(text)).added;
    await first.add(sampleEvent('4', { eventId: 'four' })).added;
    const [one] = await first.read(0, ALL);
    if (one !== undefined) first.settle(one, { id: 'x', sequence: 1, durability: 'durable' });
    await first.close();
    const { lane: second } = await open(file);
    expect(second.producerId).toBe(first.producerId);
    expect(second.producerId).toMatch(/^[\w-]{16}$/);
    expect([second.lastNumber, second.settledNumber, second.waiting]).toEqual([4, 1, { ...first.waiting, events: 3 }]);
    expect((await second.read(0, ALL)).map(({ body }) => Buffer.from(body).toString())).toEqual(['2', '3', '4']);
    expect(await second.add(sampleEvent('4', { eventId: 'four' })).added).toMatchObject({
      kind: 'duplicate',
      number: 4,
    });
  });

  it('E11: one owner at a time, in one process and in two', async () => {
    const file = join(directory(), 'lane-1.sqlite');
    const { lane } = await open(file);
    await expect(open(file)).rejects.toMatchObject({ sqlCode: SQLITE.busy });
    const other = new DatabaseSync(file);
    expect(() => other.exec('SELECT * FROM lane')).toThrow(/locked/);
    other.close();
    await lane.close();
    await open(file);
  });

  it('E9: events of one turn share a commit, and the loop goes on while the disk works', async () => {
    const thread = new SqliteThread();
    const { lane } = await open(join(directory(), 'lane-1.sqlite'), thread);
    const transactions = jest.spyOn(thread, 'call');
    let turns = 0;
    const ticking = setInterval(() => (turns += 1), 1);
    await Promise.all(Array.from({ length: 20_000 }, (_, index) => lane.add(sampleEvent(`${index}`)).added));
    clearInterval(ticking);
    expect(transactions.mock.calls.length).toBeLessThan(20);
    expect(turns).toBeGreaterThan(3);
    const events = await lane.read(0, ALL);
    expect(events.map(({ body }) => Buffer.from(body).toString())).toEqual(
      Array.from({ length: 20_000 }, (_, index) => `${index}`),
    );
  }, 30_000);

  it('restored from a copy, what was never sent moves above what the server knows; the rest keeps its numbers', async () => {
    const file = join(directory(), 'lane-1.sqlite');
    const { lane } = await open(file);
    await lane.useSending(true);
    await lane.add(sampleEvent('sent')).added;
    await lane.useSending(false);
    await lane.add(sampleEvent('offline 1')).added;
    await lane.add(sampleEvent('offline 2', { eventId: 'two' })).added;
    expect(lane.sentNumber).toBe(1);
    expect(await lane.moveAbove(40)).toEqual({ first: 1, last: 3, by: 39 });
    expect((await lane.read(0, ALL)).map(({ number }) => number)).toEqual([1, 41, 42]);
    expect(lane.add(sampleEvent('new')).number).toBe(43);
    expect(await lane.add(sampleEvent('offline 2', { eventId: 'two' })).added).toMatchObject({ number: 42 });
    await lane.close();
    const { lane: again } = await open(file);
    expect([again.lastNumber, again.sentNumber]).toEqual([44, 1]);
  });

  it('S5: a damaged event is told, taken out and not sent', async () => {
    const file = join(directory(), 'lane-1.sqlite');
    const { lane } = await open(file);
    for (const text of ['good', 'to be damaged', 'fine']) await lane.add(sampleEvent(text)).added;
    await lane.close();
    const database = new DatabaseSync(file);
    database.exec("UPDATE events SET body = x'00' WHERE number = 2");
    database.close();
    const { lane: again, incidents } = await open(file);
    expect((await again.read(0, ALL)).map(({ number }) => number)).toEqual([1, 3]);
    expect(incidents).toEqual([expect.stringContaining('event 2')]);
    expect(again.waiting.events).toBe(2);
  });

  it('what is asked of it while it closes, or later, fails with E_CLOSED', async () => {
    const { lane } = await open(join(directory(), 'lane-1.sqlite'));
    await lane.add(sampleEvent('first', { eventId: 'one' })).added;
    const closed = lane.close();
    const asked = [lane.receiptOf('one'), lane.read(0, ALL), closed.then(() => lane.receiptOf('one'))];
    const outcomes = await Promise.allSettled(asked);
    for (const outcome of outcomes)
      if (outcome.status === 'rejected') expect(outcome.reason).toMatchObject({ code: 'E_CLOSED' });
    expect(outcomes.at(-1)).toMatchObject({ status: 'rejected' });
  });

  it('a file that cannot be read any more is named, with E_STORAGE', async () => {
    const { lane } = await open(join(directory(), 'lane-1.sqlite'));
    jest.spyOn(SqliteDatabase.prototype, 'run').mockRejectedValueOnce(new SqlError('disk I/O error', 10));
    await expect(lane.read(0, ALL)).rejects.toMatchObject({
      code: 'E_STORAGE',
      message: expect.stringContaining(`${lane.file} cannot be used: disk I/O error`),
    });
  });

  it('S12: emptied, it gives its pages back', async () => {
    const file = join(directory(), 'lane-1.sqlite');
    const { lane } = await open(file);
    for (let round = 0; round < 3; round++) {
      await Promise.all(Array.from({ length: 200 }, () => lane.add(sampleEvent('x'.repeat(40_000))).added));
      for (const event of await lane.read(0, ALL)) lane.settle(event, undefined);
      await lane.receiptOf('');
    }
    for (let round = 0; round < 10; round++) await lane.add(sampleEvent('x')).added.then(() => lane.receiptOf(''));
    for (const event of await lane.read(0, ALL)) lane.settle(event, undefined);
    await lane.receiptOf('');
    await lane.close();
    expect(statSync(file).size).toBeLessThan(6_000_000);
  });
});

describe('Lanes', () => {
  const make = (dataDir: string, incidents: string[] = []) =>
    new Lanes({
      dataDir,
      thread: new SqliteThread(),
      wallClock: Date.now,
      onIncident: (message) => incidents.push(message),
    });

  it('E11: the first free lane is taken, or one is made; those left with events are found', async () => {
    const dataDir = directory();
    const [one, two, three] = [make(dataDir), make(dataDir), make(dataDir)];
    expect(one.exist).toBe(false);
    const first = await one.take();
    const second = await two.take();
    expect(new Set([first.producerId, second.producerId]).size).toBe(2);
    await second.add(sampleEvent('left')).added;
    expect(await three.takeLeft()).toEqual([]);
    await one.release(first);
    await two.release(second);
    const [left] = await three.takeLeft();
    expect(left?.producerId).toBe(second.producerId);
    const again = await make(dataDir).take();
    expect(again.producerId).toBe(first.producerId);
    expect(statSync(join(dataDir, 'outbox')).mode & 0o777).toBe(0o700);
    lanes.push(again, ...(left === undefined ? [] : [left]));
  });

  it('S6: a lane that is damaged, or of a later version, is told, left as it is, and another one is used', async () => {
    const dataDir = directory();
    const lanesOf = make(dataDir);
    await lanesOf.release(await lanesOf.take());
    const folder = join(dataDir, 'outbox');
    writeFileSync(join(folder, 'lane-1.sqlite'), 'this is no database, however long it may be');
    const later = new DatabaseSync(join(folder, 'lane-2.sqlite'));
    later.exec('PRAGMA user_version = 99');
    later.close();
    const incidents: string[] = [];
    const lane = await make(dataDir, incidents).take();
    lanes.push(lane);
    expect(incidents).toEqual([expect.stringContaining('lane-1'), expect.stringContaining('lane-2')]);
    expect(readFileSync(join(folder, 'lane-1.sqlite'), 'utf8')).toContain('no database');
    expect(readdirSync(folder)).toContain('lane-3.sqlite');
  });

  it('a copy of a lane is another lane of the same name', async () => {
    const dataDir = directory();
    const one = make(dataDir);
    const lane = await one.take();
    await lane.add(sampleEvent('x')).added;
    await one.release(lane);
    const copy = join(directory(), 'copy');
    cpSync(dataDir, copy, { recursive: true });
    const [left] = await make(copy).takeLeft();
    expect(left?.producerId).toBe(lane.producerId);
    if (left !== undefined) lanes.push(left);
    await sleep(1);
  });
});
