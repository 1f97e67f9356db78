/** Messaging over TCP: the product's server, and every command a process of its own. */
import { randomBytes } from 'node:crypto';
import { cpSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { Workbench } from '../processes.ts';
import { Person } from './person.ts';

jest.setTimeout(180_000);

const KILLS = 5;

const WORDS = ['--admin-port', 'off'];

/** A server with two accounts, and their devices: made once, and each test has a copy of all of it. */
const template = new Workbench();
const templateData = template.directory();
let registered: readonly [Person, Person];

let bench: Workbench;
let port: number;
let alice: Person;
let bob: Person;

beforeAll(async () => {
  const server = await template.serve({ dataDir: templateData, words: WORDS });
  const register = (name: string) => Person.registered(template, server.port, name);
  registered = await Promise.all([register('alice'), register('bobby')]);
  server.program.kill('SIGTERM');
  await server.program.ended;
});
afterAll(() => template.dispose());

beforeEach(async () => {
  bench = new Workbench();
  const dataDir = bench.directory();
  cpSync(templateData, dataDir, { recursive: true });
  ({ port } = await bench.serve({ dataDir, words: WORDS }));
  [alice, bob] = [registered[0].copy(bench, port), registered[1].copy(bench, port)];
});
afterEach(() => bench.dispose());

describe('messaging over TCP, each command a process', () => {
  test('D1, I3: two accounts chat, with what was sent while one was away, in a direct chat and a group', async () => {
    const [sent] = await alice.does('message', 'send', '--to', 'bobby', 'Hello Bob');
    expect(sent).toMatchObject({ event: 'sent', state: 'sent' });
    const [received] = await bob.does('message', 'list');
    expect(received).toMatchObject({
      event: 'message',
      id: sent?.['id'],
      from: { user: 'alice' },
      group: null,
      body: 'Hello Bob',
    });
    const watching = alice.start('message', 'watch', '--count', '1');
    await bob.does('message', 'send', '--to', 'alice', 'Hello Alice');
    expect((await watching.ended).lines[0]).toMatchObject({
      event: 'message',
      body: 'Hello Alice',
      from: { user: 'bobby' },
    });
    const [made] = await alice.does('group', 'create', 'team', 'bobby');
    const group = String(made?.['group']);
    await alice.does('message', 'send', '--group', 'team', 'to the team');
    expect((await bob.does('message', 'list', '--group', group)).at(-1)).toMatchObject({ group, body: 'to the team' });
    const [mine] = await alice.does('verify', 'bobby');
    const [theirs] = await bob.does('verify', 'alice', '--confirm');
    expect(mine?.['safetyNumber']).toBe(theirs?.['safetyNumber']);
    expect([mine?.['verified'], theirs?.['verified']]).toEqual([false, true]);
  });

  test('C11, D6: a second device is linked by its code and gets what follows; a file arrives whole', async () => {
    await alice.does('message', 'send', '--to', 'bobby', 'before');
    await bob.bodies();
    const second = await Person.linked(bench, port, 'bobby', bob);
    const content = randomBytes(300_000);
    const file = (await alice.does('message', 'send', '--to', 'bobby', '--file', alice.file('plan.bin', content))).at(
      -1,
    );
    expect(await second.bodies()).toEqual(['plan.bin']);
    const target = join(second.directory, 'saved.bin');
    await second.does('message', 'save', String(file?.['id']), '--output', target);
    expect(readFileSync(target).equals(content)).toBe(true);
    const devices = await bob.does('device', 'list');
    const other = devices.find((device) => device['this'] === false);
    await bob.does('device', 'revoke', String(other?.['device']));
    await alice.does('message', 'send', '--to', 'bobby', 'after');
    expect(await bob.bodies()).toContain('after');
    expect((await second.run('message', 'list')).stdout).not.toContain('"after"');
  });

  test('E8: processes that are killed at any moment lose nothing and send nothing twice', async () => {
    await alice.does('message', 'send', '--to', 'bobby', 'first');
    const dice = dicesOf(20_261_126);
    for (let round = 0; round < KILLS; round++) {
      const sending = alice.start('message', 'send', '--to', 'bobby', `round ${round}`);
      await sleep(dice() * 900);
      sending.kill('SIGKILL');
      await sending.ended;
    }
    await alice.does('message', 'send', '--to', 'bobby', 'last');
    const written = await alice.bodies();
    const states = (await alice.does('message', 'list')).map(({ state }) => state);
    expect(states.every((state) => state === 'sent' || state === 'delivered')).toBe(true);
    expect(await bob.bodies()).toEqual(written);
    expect([written[0], written.at(-1)]).toEqual(['first', 'last']);
  });

  test('E9: a copied data directory is found out', async () => {
    await alice.does('message', 'send', '--to', 'bobby', 'one');
    const copy = alice.copy();
    await copy.does('message', 'send', '--to', 'bobby', 'from the copy');
    const { code, lines } = await alice.run('message', 'send', '--to', 'bobby', 'from the original');
    expect(lines.at(-1)).toMatchObject({ event: 'error', code: 'E_DEVICE_CLONED' });
    expect(code).not.toBe(0);
  });
});

/** Numbers from 0 to 1 from a seed (mulberry32). */
function dicesOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b_79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
