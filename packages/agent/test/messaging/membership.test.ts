/** Who reads what in a group of two accounts with two devices each, over TCP: every command is a process of its own. */
import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { SqliteStorage } from '@sealane/e2ee/sqlite';
import { Workbench, type Program } from '../processes.ts';
import { Person } from './person.ts';

jest.setTimeout(180_000);

const FILE_BYTES = 6_000_000;
const LOOK_MS = 5;

let bench: Workbench;
let serverDirectory: string;
let port: number;
beforeEach(async () => {
  bench = new Workbench();
  serverDirectory = bench.directory();
  ({ port } = await bench.serve({ dataDir: serverDirectory, words: ['--admin-port', 'off'] }));
});
afterEach(() => bench.dispose());

const registered = (name: string): Promise<Person> => Person.registered(bench, port, name);

/** As after the loss of the state of all groups, and of nothing else. */
async function loseGroups(person: Person): Promise<void> {
  const storage = await SqliteStorage.open(join(person.directory, 'messages.db'));
  await storage.transaction(async (tx) => {
    for (const name of ['groups', 'states', 'epochs', 'ratchets', 'pending', 'removed'])
      await tx.deleteRange(`mls.${name}`, {});
  });
  await storage.close();
}

/** Ends a process as soon as something has come of it: what it was at stays as it is then. */
async function killOnce(program: Program, hasBegun: () => boolean): Promise<void> {
  while (!hasBegun()) {
    if (program.child.exitCode !== null) throw new Error(`ended by itself\n${program.stdout}\n${program.stderr}`);
    await sleep(LOOK_MS);
  }
  program.kill('SIGKILL');
  await program.ended;
}

/** Bytes of a file, or of all files below a folder; 0 where there is nothing. */
function bytesIn(path: string): number {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found?.isDirectory() !== true) return found?.size ?? 0;
  return readdirSync(path).reduce((bytes, name) => bytes + bytesIn(join(path, name)), 0);
}

describe('groups over TCP, each command a process', () => {
  test('D5, C11, E2, E3: two by two devices: commits at once, who is new, who is removed or revoked, a lost state', async () => {
    const [alice, bob, carol] = await Promise.all(['alice', 'bobby', 'carol'].map(registered));
    const tablet = await Person.linked(bench, port, 'alice', alice!);
    const laptop = await Person.linked(bench, port, 'bobby', bob!);
    const [made] = await alice!.does('group', 'create', 'team', 'bobby');
    const group = String(made?.['group']);
    const send = (from: Person, text: string) => from.does('message', 'send', '--group', group, text);
    const read = (by: Person) => by.bodies('--group', group);
    await send(alice!, 'before carol');
    expect(await read(laptop)).toEqual(['before carol']);
    // Two commits for one epoch: one of them is made again.
    await registered('david');
    await Promise.all([bob!.does('group', 'add', group, 'carol'), tablet.does('group', 'add', group, 'david')]);
    await send(laptop, 'with carol');
    expect(await read(carol!)).toEqual(['with carol']);
    expect(await read(tablet)).toEqual(['before carol', 'with carol']);
    await alice!.does('group', 'remove', group, 'carol');
    await send(bob!, 'without carol');
    expect(await read(alice!)).toContain('without carol');
    expect(await read(carol!)).not.toContain('without carol');
    expect((await carol!.run('message', 'send', '--group', group, 'still here')).code).not.toBe(0);
    // A device is revoked: it reads nothing that comes after.
    const devices = await bob!.does('device', 'list');
    await bob!.does('device', 'revoke', String(devices.find((device) => device['this'] === false)?.['device']));
    await send(alice!, 'without the laptop');
    expect(await read(bob!)).toContain('without the laptop');
    expect((await laptop.run('message', 'list', '--group', group)).stdout).not.toContain('without the laptop');
    // The state of all groups is lost; the number was compared before, so the device joins again by itself.
    await tablet.does('verify', 'bobby', '--confirm');
    await loseGroups(tablet);
    await send(bob!, 'sealed for the old state');
    await tablet.does('message', 'list');
    await send(bob!, 'for the new one');
    expect(await read(tablet)).toContain('for the new one');
    await send(tablet, 'and back');
    expect(await read(bob!)).toContain('and back');
  });

  test('D6, E8: a file whose sending and whose saving are killed arrives whole, once', async () => {
    const [alice, bob] = await Promise.all(['alice', 'bobby'].map(registered));
    const content = randomBytes(FILE_BYTES);
    const sending = alice!.start('message', 'send', '--to', 'bobby', '--file', alice!.file('plan.bin', content));
    await killOnce(sending, () => bytesIn(join(serverDirectory, 'blobs')) > FILE_BYTES / 8);
    // Whoever comes next goes on with it.
    await alice!.does('message', 'list');
    const [received, ...more] = await bob!.does('message', 'list');
    expect([received?.['body'], more]).toEqual(['plan.bin', []]);
    const target = join(bob!.directory, 'saved.bin');
    const words = ['message', 'save', String(received?.['id']), '--output', target];
    await killOnce(bob!.start(...words), () => existsSync(target) || bytesIn(`${target}.sealane-part`) > 0);
    if (!existsSync(target)) await bob!.does(...words);
    expect(readFileSync(target).equals(content)).toBe(true);
  });
});
