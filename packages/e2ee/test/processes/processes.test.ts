import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { SqliteStorage } from '../../src/sqlite/index.ts';
import type { Row } from '../../src/storage/index.ts';
import { bundleProgram } from '../bundle-program.ts';
import { makePair, openText, type Pair } from '../engine/pair.ts';

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
const KILLS = 8;
const TIMEOUT_MS = 120_000;

const programFolder = mkdtempSync(join(tmpdir(), 'sealane-processes-'));
let program: string;
beforeAll(async () => {
  program = await bundleProgram(fileURLToPath(new URL('busy-device.ts', import.meta.url)), programFolder);
});
afterAll(() => rmSync(programFolder, { recursive: true }));

let folder: string;
let pair: Pair;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'sealane-processes-'));
  pair = await makePair((name) => SqliteStorage.open(join(folder, `${name}.db`)));
});
afterEach(async () => {
  await pair.anna.engine.storage.close();
  await pair.bert.engine.storage.close();
  rmSync(folder, { recursive: true });
});

function argumentsOf({ anna: { device }, group }: Pair, count: number, commits: number): string[] {
  const named = { ...device, accountId: hex(device.accountId), signingSeed: hex(device.signingSeed) };
  const file = join(folder, 'anna.db');
  return [program, file, JSON.stringify(named), hex(group), `${count}`, `${commits}`];
}

/** What the device has sent since a number, as its rows say. */
function sentSince(sequence: number): Promise<Row[]> {
  return pair.anna.step((_engine, transaction) => transaction.list('sent', { from: [sequence + 1] }));
}

/** Gives the other device what was sent; gives the texts that it read. */
async function deliver(rows: readonly Row[]): Promise<string[]> {
  const texts: string[] = [];
  for (const { kind, epoch, bytes, text } of rows) {
    if (kind === 'message') {
      const opened = await openText(pair.bert, pair.group, bytes as Uint8Array);
      expect(opened).toBe(text);
      texts.push(opened);
    } else {
      const taken = await pair.bert.step((engine, transaction) =>
        engine.takeCommit(transaction, pair.group, Number(epoch), bytes as Uint8Array),
      );
      expect(taken.state).toBe('applied');
    }
  }
  return texts;
}

describe('processes of one device', () => {
  it(
    'E8: seal with keys of their own, two at a time over one file',
    async () => {
      const run = (): Promise<unknown> => promisify(execFile)(process.execPath, argumentsOf(pair, 100, 0));
      await Promise.all([run(), run()]);
      const texts = await deliver(await sentSince(0));
      expect(new Set(texts).size).toBe(200);
    },
    TIMEOUT_MS,
  );

  it(
    'E8: leave a state after each kill from which everything goes on',
    async () => {
      let sequence = 0;
      for (let kill = 0; kill < KILLS; kill++) {
        const child = spawn(process.execPath, argumentsOf(pair, 1_000_000, 3), { stdio: 'inherit' });
        const before = sequence;
        while ((await sentSince(before)).length < 4) await sleep(5);
        await sleep(7 * kill);
        child.kill('SIGKILL');
        await once(child, 'exit');
        await pair.anna.restart();
        const rows = await sentSince(sequence);
        await deliver(rows);
        sequence += rows.length;
        await finishPending();
        const [view, other] = await Promise.all(
          [pair.anna, pair.bert].map((device) =>
            device.step((engine, transaction) => engine.groupOf(transaction, pair.group)),
          ),
        );
        expect(view).toEqual(other);
      }
      expect(sequence).toBeGreaterThan(KILLS * 3);
    },
    TIMEOUT_MS,
  );
});

/** A commit that was kept but not sent when the process died is sent now, and wins. */
async function finishPending(): Promise<void> {
  const { anna, bert, group } = pair;
  const pending = await anna.step((engine, transaction) => engine.pendingCommit(transaction, group));
  if (pending === undefined) return;
  const taken = await bert.step((engine, transaction) =>
    engine.takeCommit(transaction, group, pending.epoch, pending.commit),
  );
  expect(taken.state).toBe('applied');
  await anna.step((engine, transaction) => engine.commitAccepted(transaction, group, pending.messageId));
}
