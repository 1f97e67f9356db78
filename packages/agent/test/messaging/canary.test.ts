/**
 * Secrets of people who write to each other, looked for wherever a server has something: on its disk, in a backup of it, in what it
 * says, in what its operator can ask for, on the wire, and in its memory while messages wait in its queues (D1, 2.2).
 */
import { randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { Program, Workbench, type Line } from '../processes.ts';
import { WireTap, filesBelow, found, foundInMemory, type Secrets } from './canary.ts';

jest.setTimeout(120_000);

const ADMIN_PATHS = ['/metrics', '/v1/status', '/v1/agents', '/v1/events', '/v1/dlq', '/v1/usage', '/readyz'];
const hasMemory = process.platform === 'linux';
if (!hasMemory) console.warn('SKIPPED: the memory of a process is looked at on Linux only');

let bench: Workbench;
let server: Program;
let data: string;
let tap: WireTap;
let adminPort: number;
beforeEach(async () => {
  bench = new Workbench();
  data = join(bench.directory(), 'server');
  const place = ['--host', '127.0.0.1', '--port', '0', '--admin-port', '0', '--data-dir', data];
  server = new Program('server', ['serve', '--json', '--log-level', 'debug', ...place]);
  const listening = await server.line('listening');
  adminPort = Number(listening['adminPort']);
  tap = await WireTap.start(Number(listening['port']));
});
afterEach(async () => {
  tap.stop();
  server.kill('SIGKILL');
  await server.ended;
  await bench.dispose();
});

/** A canary: nobody else has this text. */
function canary(name: string): string {
  return `canary-${name}-${randomBytes(12).toString('hex')}`;
}

class Person {
  readonly directory = bench.directory();

  start(...words: readonly string[]): Program {
    const place = ['--server', `127.0.0.1:${tap.port}`, '--data-dir', this.directory, '--json', '--timeout', '60'];
    return bench.agent([...words, ...place]);
  }

  async does(...words: readonly string[]): Promise<readonly Line[]> {
    const { code, lines, stdout, stderr } = await this.start(...words).ended;
    if (code !== 0) throw new Error(`${words.join(' ')} ended with ${code}\n${stdout}\n${stderr}`);
    return lines;
  }

  file(name: string, content: string): string {
    const path = join(this.directory, name);
    writeFileSync(path, content);
    return path;
  }
}

async function adminAnswers(): Promise<readonly string[]> {
  const token = readFileSync(join(data, 'admin-token'), 'utf8').trim();
  const headers = { authorization: `Bearer ${token}` };
  return await Promise.all(
    ADMIN_PATHS.map(async (path) => {
      const answer = await fetch(`http://127.0.0.1:${adminPort}${path}`, { headers });
      return `${path} ${answer.status} ${await answer.text()}`;
    }),
  );
}

describe('what a server has of messages', () => {
  test('D1, D5, D6, 2.2: no text, name, file, password, link code or recovery key, and it would be found', async () => {
    const [text, groupText, edited, groupName] = [canary('text'), canary('group'), canary('edit'), canary('name')];
    const [fileName, fileText, password] = [`${canary('file')}.txt`, canary('content'), canary('password')];
    const [alice, bob, tablet] = [new Person(), new Person(), new Person()];
    const [registered] = await alice.does(
      'account',
      'register',
      'alice',
      '--password-file',
      alice.file('pw', password),
    );
    await bob.does('account', 'register', 'bobby', '--password-file', bob.file('pw', password));
    const [sent] = await alice.does('message', 'send', '--to', 'bobby', text);
    await alice.does('message', 'edit', String(sent?.['id']), edited);
    await alice.does('message', 'react', String(sent?.['id']), '👍');
    await alice.does('group', 'create', groupName, 'bobby');
    await alice.does('message', 'send', '--group', groupName, groupText);
    // A file of several chunks, larger than what travels with a message.
    const file = alice.file(fileName, `${fileText}\n`.repeat(8_000));
    await alice.does('message', 'send', '--to', 'bobby', '--file', file);
    await tablet.does('account', 'login', 'alice', '--password-file', tablet.file('pw', password));
    const linking = tablet.start('device', 'link');
    const { code } = await linking.line('link-code');
    await alice.does('device', 'approve', String(code));
    expect((await linking.ended).code).toBe(0);
    await bob.does('message', 'list');
    // It is for both devices of the other side, and nobody has come for it.
    const waiting = canary('waiting');
    await bob.does('message', 'send', '--to', 'alice', waiting);

    const sealed: Secrets = {
      ...{ text, edited, groupText, groupName, fileName, fileText, waiting },
      linkCode: String(code),
      recoveryKey: String(registered?.['recoveryKey']),
    };
    const answers = await adminAnswers();
    expect(answers.filter((answer) => !/^\S+ 200 /.test(answer))).toEqual([]);
    const backup = join(bench.directory(), 'backup');
    const { code: backupCode, stderr } = await bench.serverCommand(['backup', backup, '--data-dir', data]);
    expect([backupCode, stderr]).toEqual([0, '']);
    const places = new Map<string, Uint8Array>([
      ...filesBelow(data),
      ...filesBelow(backup),
      ['stdout', Buffer.from(server.stdout)],
      ['stderr', Buffer.from(server.stderr)],
      ['admin', Buffer.from(answers.join('\n'))],
      ['wire', tap.passed],
    ]);
    // The server is told the password, over a sealed connection, and forgets it.
    expect(found({ ...sealed, password }, places)).toEqual([]);
    // The same search finds what is there: names are on the disk, in the backup and in what the operator may ask for.
    const known = found({ user: 'bobby', metric: 'sealane_sessions' }, places);
    for (const place of [join(data, 'messaging.db'), join(backup, 'messaging.db'), 'admin'])
      expect(known).toContainEqual(expect.stringContaining(` in ${place}`));
    expect(tap.passed.length).toBeGreaterThan(8_000 * fileText.length);
    expect(server.stderr.length).toBeGreaterThan(0);

    if (!hasMemory) return;
    expect(foundInMemory({ ...sealed, user: 'bobby' }, server.child.pid ?? 0)).toEqual(['user']);
    const reader = alice.start('message', 'watch');
    await reader.line('message');
    expect(foundInMemory({ waiting, fileText }, reader.child.pid ?? 0)).toEqual(['waiting']);
    reader.kill('SIGKILL');
  });
});
