/**
 * Secrets of people who write to each other, looked for wherever a server has something: on its disk, in a backup of it, in what it
 * says, in what its operator can ask for, on the wire, and in its memory while messages wait in its queues (D1, E16, 2.2). The server
 * is a process of its own, the clients are whole, and each search finds what is known to be there.
 */
import { randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { until } from '@sealane/node/testing';
import { connect } from '../../src/agent/index.ts';
import { openMessaging, type MessagingClient } from '../../src/messaging/index.ts';
import { Program, Workbench, type Line } from '../processes.ts';
import { WireTap, filesBelow, found, foundInMemory, type Secrets } from './canary.ts';

jest.setTimeout(120_000);

const ADMIN_PATHS = ['/metrics', '/v1/status', '/v1/agents', '/v1/events', '/v1/dlq', '/v1/usage', '/readyz'];
const hasMemory = process.platform === 'linux';
if (!hasMemory) console.warn('SKIPPED: the memory of a process is looked at on Linux only');

let bench: Workbench;
let server: Program;
let listening: Line;
let data: string;
let tap: WireTap;
let leaving: (() => Promise<void>)[];
beforeEach(async () => {
  bench = new Workbench();
  leaving = [];
  data = join(bench.directory(), 'server');
  const place = ['--host', '127.0.0.1', '--port', '0', '--admin-port', '0', '--data-dir', data];
  server = new Program('server', ['serve', '--json', '--log-level', 'debug', ...place]);
  listening = await server.line('listening');
  tap = await WireTap.start(Number(listening['port']));
});
afterEach(async () => {
  for (const leave of leaving) await leave();
  tap.stop();
  server.kill('SIGKILL');
  await server.ended;
  await bench.dispose();
});

/** A canary: nobody else has this text. */
function canary(name: string): string {
  return `canary-${name}-${randomBytes(12).toString('hex')}`;
}

interface Person {
  readonly client: MessagingClient;
  readonly directory: string;
  /** Waits until a message with this text, or file of this name, is shown. */
  shows(text: string): Promise<void>;
  /** As at the end of its program. */
  leave(): Promise<void>;
}

async function person(id: string): Promise<Person> {
  const directory = bench.directory();
  const serverKey = String(listening['fingerprint']);
  const agent = await connect({ server: `127.0.0.1:${tap.port}`, serverKey, dataDir: directory, id });
  const client = await openMessaging(agent, { dataDir: directory });
  let isGone = false;
  const leave = async (): Promise<void> => {
    if (isGone) return;
    isGone = true;
    await client.close();
    await agent.close();
  };
  leaving.push(leave);
  const shown = new Set<string>();
  client.on('event', (event) => {
    if (event.type === 'message') shown.add(event.message.body);
  });
  const shows = (text: string): Promise<void> =>
    until(`${id} shows ${text}`, () => shown.has(text), { limitMs: 60_000 });
  return { client, directory, shows, leave };
}

async function admin(path: string, body?: object): Promise<string> {
  const token = readFileSync(join(data, 'admin-token'), 'utf8').trim();
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
  const post = body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) };
  const answer = await fetch(`http://127.0.0.1:${String(listening['adminPort'])}${path}`, { headers, ...post });
  return `${path} ${answer.status} ${await answer.text()}`;
}

describe('what a server has of messages', () => {
  test('D1, D5, D6, E16, 2.2: no text, name, file, password, link code or recovery key, and it would be found', async () => {
    const [text, edited, reply, caption] = [canary('text'), canary('edit'), canary('reply'), canary('caption')];
    const [groupName, groupText, shownName, draft] = [
      canary('group'),
      canary('in'),
      canary('profile'),
      canary('draft'),
    ];
    const [fileName, fileText, waiting] = [`${canary('file')}.txt`, canary('content'), canary('waiting')];
    const [password, newPassword] = [canary('password'), canary('new-password')];
    const alice = await person('alice-of-the-canaries');
    const bob = await person('bobby-of-the-canaries');
    const { recoveryKey } = await alice.client.accounts.register('alice', { password });
    await alice.client.accounts.changePassword(password, newPassword);
    await bob.client.accounts.register('bobby', { password });
    await Promise.all([alice.client.sync(), bob.client.sync()]);

    const chat = await alice.client.conversationWith('bobby');
    const { id } = await alice.client.sendAndWait(chat, { text });
    await bob.shows(text);
    await alice.client.edit(id, edited);
    await bob.client.sendAndWait('@alice', { text: reply, replyTo: id });
    await bob.client.react(id, '👍');
    // Of several chunks, larger than what travels with a message.
    const file = join(alice.directory, fileName);
    writeFileSync(file, `${fileText}\n`.repeat(8_000));
    await alice.client.sendFile(chat, file, { caption });
    const { conversation } = await alice.client.createGroup(groupName, ['bobby']);
    await alice.client.setProfile({ displayName: shownName, about: shownName });
    await alice.client.sendAndWait(conversation, { text: groupText });
    await Promise.all([bob.shows(groupText), bob.shows(fileName)]);
    await alice.client.setDraft(chat, draft);
    alice.client.setTyping(chat, true);
    const tablet = await person('alice-on-a-tablet');
    await tablet.client.accounts.login('alice', { password: newPassword });
    await tablet.client.listen();
    const { code, linked } = await tablet.client.devices.link();
    await Promise.all([alice.client.devices.approve(code), linked]);
    // It is for a device that is away, and nobody has come for it.
    await bob.leave();
    await alice.client.sendAndWait(chat, { text: waiting });

    const sealed: Secrets = {
      ...{ text, edited, reply, caption, groupName, groupText, shownName, draft, fileName, fileText, waiting },
      ...{ linkCode: code, recoveryKey },
    };
    const backup = join(bench.directory(), 'backup');
    const answers = [
      await admin('/v1/backup', { path: backup }),
      ...(await Promise.all(ADMIN_PATHS.map((path) => admin(path)))),
    ];
    expect(answers.filter((answer) => !/^\S+ 20\d /.test(answer))).toEqual([]);
    const device = 'bobby-of-the-canaries';
    // It knows the name of a device.
    const inMemory = hasMemory ? foundInMemory({ ...sealed, device }, server.child.pid ?? 0) : ['device'];
    // It is ended before its disk is searched: a server moves its files, and a search would miss one that is moved meanwhile.
    await Promise.all([alice.leave(), tablet.leave()]);
    server.kill('SIGKILL');
    await server.ended;
    const places = new Map<string, Uint8Array>([
      ...filesBelow(data),
      ...filesBelow(backup),
      ['stdout', Buffer.from(server.stdout)],
      ['stderr', Buffer.from(server.stderr)],
      ['admin', Buffer.from(answers.join('\n'))],
      ['wire', tap.passed],
    ]);
    // It is told the passwords, over a sealed connection, and keeps none.
    expect(found({ ...sealed, password, newPassword }, places)).toEqual([]);
    expect(inMemory).toEqual(['device']);
    // The same search finds what is there: names are on the disk, in the backup, in the log and in what the operator may ask for.
    const known = found({ device }, places);
    for (const place of [join(data, 'messaging.db'), join(backup, 'messaging.db'), 'admin', 'stderr'])
      expect(known).toContainEqual(expect.stringContaining(` in ${place}`));
    expect(tap.passed.length).toBeGreaterThan(8_000 * fileText.length);

    // And the secrets, where they are: on the disk of whoever wrote them.
    const own = found({ waiting, groupName, password, newPassword }, filesBelow(alice.directory));
    expect([...new Set(own.map((hit) => hit.split(' in ')[0]))]).toEqual(['groupName', 'waiting']);
  });
});
