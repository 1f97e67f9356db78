/**
 * Program: a group of many devices with churn: `large-group.ts MEMBERS MESSAGES`. Only a few of the members are real at any
 * time; of the others there are key packages alone, which is all that a group knows of who is away. Writes what it took as JSON.
 */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SqliteStorage } from '../../src/sqlite/index.ts';
import { TestDevice, TestDirectory } from '../../src/testing/index.ts';
import type { PendingCommit } from '../../src/engine/index.ts';

const REAL = 4;
const MESSAGES_PER_EPOCH = 20;

const [members = 300, messages = 1_000] = process.argv.slice(2).map(Number);
const directory = new TestDirectory();
const folder = mkdtempSync(join(tmpdir(), 'sealane-large-'));
const group = Uint8Array.from(randomBytes(16));
const fileOf = (agentId: string): string => join(folder, `${agentId}.db`);
const open = (agentId: string) => (): Promise<SqliteStorage> => SqliteStorage.open(fileOf(agentId));

/** A key package of a device that is never switched on again. */
let awayCount = 0;
async function awayKeyPackage(): Promise<Uint8Array> {
  const agentId = `away-${++awayCount}`;
  const device = await TestDevice.create({ directory, username: `user-${awayCount % 50}`, agentId });
  return await device.keyPackage();
}

async function settle(committer: TestDevice, pending: PendingCommit): Promise<void> {
  await committer.step((engine, transaction) => engine.commitAccepted(transaction, group, pending.messageId));
  for (const device of real.filter((other) => other !== committer)) {
    const taken = await device.step((engine, transaction) =>
      engine.takeCommit(transaction, group, pending.epoch, pending.commit),
    );
    assert.equal(taken.state, 'applied', JSON.stringify(taken));
  }
}

const real: TestDevice[] = [];
for (let index = 0; index < REAL; index++) {
  const agentId = `real-${index}`;
  real.push(await TestDevice.create({ directory, username: agentId, agentId, openStorage: open(agentId) }));
}
const [founder, ...others] = real as [TestDevice, ...TestDevice[]];
const keyPackages: Uint8Array[] = [];
for (const device of others) keyPackages.push(await device.keyPackage());
while (keyPackages.length < members - 1) keyPackages.push(await awayKeyPackage());

const started = performance.now();
const created = await founder.step((engine, transaction) => engine.createGroup(transaction, { group, keyPackages }));
await founder.step((engine, transaction) => engine.commitAccepted(transaction, group, created.messageId));
for (const device of others) {
  const joined = await device.step((engine, transaction) => engine.takeWelcome(transaction, created.welcome!));
  assert.equal(joined.state, 'joined');
}

let undecryptable = 0;
let commitBytesMax = 0;
let rssMax = 0;
for (let sent = 0; sent < messages; sent++) {
  if (sent % MESSAGES_PER_EPOCH === 0) {
    const committer = real[(sent / MESSAGES_PER_EPOCH) % REAL]!;
    const away = await committer.step((engine, transaction) => engine.members(transaction, group));
    const leaving = away.find(({ agentId }) => agentId.startsWith('away-'));
    const remove = leaving === undefined ? [] : [leaving];
    const add = [await awayKeyPackage()];
    const pending = await committer.step((engine, transaction) => engine.commit(transaction, group, { add, remove }));
    commitBytesMax = Math.max(commitBytesMax, pending.commit.length);
    await settle(committer, pending);
  }
  const sender = real[sent % REAL]!;
  const text = Buffer.from(`message ${sent}`);
  const { message } = await sender.step((engine, transaction) => engine.seal(transaction, group, text));
  for (const device of real.filter((other) => other !== sender)) {
    const opened = await device.step((engine, transaction) => engine.open(transaction, group, message));
    if (opened.state !== 'decrypted') undecryptable += 1;
  }
  rssMax = Math.max(rssMax, process.memoryUsage().rss);
}

const views = [];
for (const device of real) {
  views.push(await device.step((engine, transaction) => engine.groupOf(transaction, group)));
}
for (const view of views) assert.deepEqual(view, views[0]);
for (const device of real) await device.engine.storage.close();
console.log(
  JSON.stringify({
    epoch: views[0]?.epoch,
    undecryptable,
    commitBytesMax,
    groupInfoBytes: created.groupInfo.length,
    databaseBytes: statSync(fileOf('real-0')).size,
    rssMax,
    seconds: Math.round((performance.now() - started) / 1_000),
  }),
);
rmSync(folder, { recursive: true });
