/** Queues that come in another order, from a server in a process of its own: every command is one too. */
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { SqliteStorage } from '@sealane/e2ee/sqlite';
import { Workbench, type Line } from '../processes.ts';
import { Person } from './person.ts';
import { ReorderingServer } from './reordering-server.ts';

jest.setTimeout(180_000);

const SEED = 20_261_127;
const REVERSED = { order: 'reversed', copies: true } as const;
const SHUFFLED = { order: SEED, copies: true } as const;

let bench: Workbench;
let server: ReorderingServer;
beforeEach(async () => {
  bench = new Workbench();
  server = await ReorderingServer.start(bench.directory());
});
afterEach(async () => {
  await server.stop();
  await bench.dispose();
});

describe('queues in another order, each command a process', () => {
  test('E6, E2, D1, D5, C11: reversed, shuffled, repeated, forged and without commits: what is genuine is shown once, and nothing else', async () => {
    const register = (name: string): Promise<Person> => Person.registered(bench, server.port, name);
    const [phone, desk] = await Promise.all([register('alice'), register('bobby')]);
    const tablet = await Person.linked(bench, server.port, 'alice', phone);
    const [made] = await phone.does('group', 'create', 'team', 'bobby');
    const team = String(made?.['group']);
    const tellTeam = (from: Person, text: string) => from.does('message', 'send', '--group', team, text);
    await server.tell(REVERSED);
    await tellTeam(phone, 'one');
    // Who has joined renews its keys by a commit: this is of the epoch behind it.
    await tellTeam(tablet, 'two');
    await server.tell({ ...REVERSED, itemsPerVisit: 5 });
    // The end of the queue waits for its beginning, which another process gets.
    expect(await desk.does('message', 'list')).toEqual([]);
    await server.tell({ ...REVERSED, losesCommits: true });
    const laptop = await Person.linked(bench, server.port, 'bobby', desk);
    await server.tell(REVERSED);
    await desk.does('message', 'send', '--to', 'alice', 'hello');
    await tellTeam(laptop, 'three');
    await phone.does('message', 'send', '--to', 'bobby', 'answer');
    const all = ['answer', 'hello', 'one', 'three', 'two'];
    await expectShown(tablet, 'alice', all);
    await expectShown(phone, 'alice', all);
    await server.tell(SHUFFLED);
    await expectShown(desk, 'bobby', all);
    await expectShown(laptop, 'bobby', ['answer', 'hello', 'three']);
    const [standing, ...others] = await Promise.all([tablet, phone, desk, laptop].map(standingOf));
    expect(standing).toHaveLength(2);
    for (const other of others) expect(other).toEqual(standing);
  });
});

/** Takes what waits. What is listed is these texts, and copies that were made up, of which nobody sees more than that. */
async function expectShown(person: Person, user: string, texts: readonly string[]): Promise<void> {
  const lines = await person.does('message', 'list');
  const isLost = ({ state }: Line): boolean => state === 'lost';
  const genuine = lines.filter((line) => !isLost(line));
  expect(genuine.map(({ body }) => String(body)).sort()).toEqual(texts);
  for (const line of genuine) expect(line['own']).toBe((line['from'] as { readonly user: string }).user === user);
  const forged = lines.filter(isLost);
  expect(forged.length).toBeGreaterThan(0);
  for (const line of forged) expect(line).toMatchObject({ reason: 'forged', body: '', from: { user: '', device: '' } });
}

/** Epoch and authenticator of each of its groups. */
async function standingOf({ directory }: Person): Promise<readonly unknown[]> {
  const storage = await SqliteStorage.open(join(directory, 'messages.db'));
  const groups = await storage.transaction((tx) => tx.list('mls.groups', {}));
  await storage.close();
  return groups.map(({ group, epoch, authenticator }) => ({ group, epoch, authenticator }));
}
