/** R1, S7, S9: processes that are killed while they commit, and a second one on the same file. */
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { existsSync, writeFileSync } from 'node:fs';
import { explanationOf } from '@sealane/node/config';
import { checkReceipts, readReceiver, StoreFolder } from './store-folder.ts';

const KILLS = Number(process.env['TEST_STORE_KILLS'] ?? 6);
let space: StoreFolder;

beforeEach(() => {
  space = new StoreFolder();
});
afterEach(() => space.remove());

describe('a process that is killed', () => {
  it(`R1, 2.0.11: ${KILLS} times kill -9 in the middle of commits: every receipt holds`, async () => {
    const stored = new Set<number>();
    for (let round = 0; round < KILLS; round++) {
      const child = space.child({ inFlight: [1, 32, 300][round % 3] ?? 1 });
      await child.until(() => child.stored.length > 20 + round * 37);
      process.kill(child.pid, 'SIGKILL');
      await child.ended;
      for (const number of child.stored) stored.add(number);
    }
    const { store, ears } = await space.open();
    const entries = await readReceiver(store);
    checkReceipts(entries, stored);
    expect(entries.map(({ sequence }) => sequence)).toEqual(entries.map((_, index) => index + 1));
    expect(ears.incidents).toEqual([]);
  }, 240_000);

  it('R1: with a consumer: what was settled stays away, what was stored is there or settled', async () => {
    const stored = new Set<number>();
    let settledTo = 0;
    for (let round = 0; round < 3; round++) {
      const child = space.child({ mode: 'settle' });
      await child.until(() => child.linesOf('settled').length > 10);
      process.kill(child.pid, 'SIGKILL');
      await child.ended;
      for (const number of child.stored) stored.add(number);
      settledTo = Math.max(settledTo, Number(child.linesOf('settled').at(-1)?.split(' ')[1]));
    }
    const { store } = await space.open();
    const info = await store.openQueue({ kind: 'agent', agentId: 'receiver' });
    expect(info.settledTo).toBeGreaterThanOrEqual(settledTo);
    expect(info.deliveredTo).toBe(info.nextSequence - 1);
    const entries = await readReceiver(store);
    expect(entries.map(({ sequence }) => sequence)).toEqual(entries.map((_, index) => info.settledTo + 1 + index));
    // One sender: the number of an event is its place in the queue.
    checkReceipts(entries, stored, info.settledTo);
  }, 120_000);
});

describe('two processes', () => {
  it('S7: the second one is refused with the PID of the first, which goes on', async () => {
    const child = space.child();
    await child.until(() => child.stored.length > 10);
    const error = await space.open().catch((cause: unknown) => cause);
    expect(error).toMatchObject({ code: 'E_DATA_IN_USE' });
    expect(String(error)).toContain(`process ${child.pid}`);
    const before = child.stored.length;
    await child.until(() => child.stored.length > before + 10);
    await child.kill();
    const { store } = await space.open();
    checkReceipts(await readReceiver(store), child.stored);
  }, 60_000);

  it('S7: nor can one process open it twice', async () => {
    await space.open();
    await expect(space.open()).rejects.toMatchObject({ code: 'E_DATA_IN_USE' });
  });
});

describe('starts that end too early', () => {
  it('S9: after five of them the next one is refused with what to do, and no file is touched', async () => {
    const { store } = await space.open();
    await store.close();
    expect(existsSync(`${space.file}.starts`)).toBe(false);
    writeFileSync(`${space.file}.starts`, `5 ${Date.now()}\n`);
    const error = await space.open().catch((cause: unknown) => cause);
    expect(error).toMatchObject({ code: 'E_DATA' });
    expect(explanationOf(error).next).toMatch(/doctor.*restore.*remove .*\.starts/);
    expect(existsSync(space.file)).toBe(true);
    writeFileSync(`${space.file}.starts`, `5 ${Date.now() - 2 * 3_600_000}\n`);
    const next = await space.open();
    expect(next.store.health.status).toBe('ready');
  });

  it('S9: starts that crash are counted', async () => {
    for (let round = 0; round < 2; round++) {
      const child = space.child();
      await child.until(() => existsSync(`${space.file}.starts`) || child.lines.length > 0);
      child.process.kill('SIGKILL');
      await child.ended;
    }
    const { store } = await space.open();
    expect(store.health.status).toBe('ready');
  }, 60_000);
});
