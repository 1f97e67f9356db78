/**
 * The commands of messaging as a new user meets them: mistakes, what is said to them, and how they end. They run in the process of
 * the test; each in one of its own they are in `processes.test.ts` and `membership.test.ts`.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { agentProgram } from '../../src/commands/program.ts';
import type { CommandDefinition } from '@sealane/node/cli';
import { runInProcess } from '../in-process.ts';
import { Workbench, type Ended } from '../processes.ts';

jest.setTimeout(60_000);

const bench = new Workbench();
let address: string;
let alice: string;
let bob: string;
let stranger: string;

const run = (directory: string, ...words: readonly string[]): Promise<Ended> =>
  runInProcess([...words, '--server', address, '--data-dir', directory]);

function file(directory: string, name: string, content: string): string {
  const path = join(directory, name);
  writeFileSync(path, content);
  return path;
}

beforeAll(async () => {
  const { port } = await bench.serve({ dataDir: bench.directory(), words: ['--admin-port', 'off'] });
  address = `127.0.0.1:${port}`;
  [alice, bob, stranger] = [bench.directory(), bench.directory(), bench.directory()];
  for (const [name, directory] of [
    ['alice', alice],
    ['bobby', bob],
  ] as const) {
    const words = ['account', 'register', name, '--password-file', file(directory, 'password', 'correct horse')];
    expect((await run(directory, ...words)).code).toBe(0);
  }
});

afterAll(() => bench.dispose());

describe('I3: mistakes', () => {
  it.each([
    [['message', 'list'], 'E_NO_ACCOUNT_HERE', 1],
    [['message', 'watch', '--count', '1'], 'E_NO_ACCOUNT_HERE', 1],
    [['group', 'list'], 'E_NO_ACCOUNT_HERE', 1],
    [['device', 'list'], 'E_NO_ACCOUNT_HERE', 1],
    [['verify', 'alice'], 'E_NO_ACCOUNT_HERE', 1],
    [['account', 'register', 'No!'], 'E_BAD_USERNAME', 65],
    [['account', 'register', 'carol'], 'E_USAGE', 2],
  ])('without an account: %p says %s and ends with %i', async (words, code, exitCode) => {
    const ended = await run(stranger, ...words, '--json');
    expect(ended.lines.at(-1)).toEqual({ event: 'error', code, message: expect.any(String) });
    expect(ended.code).toBe(exitCode);
  });

  it.each([
    [['message', 'send', 'hi'], 'E_USAGE', 2],
    [['message', 'send', '--to', 'bobby', '--group', 'team', 'hi'], 'E_USAGE', 2],
    [['message', 'send', '--to', 'bobby', '--file', 'x', '--reply-to', '0'.repeat(32)], 'E_USAGE', 2],
    [['message', 'send', '--to', 'carol', 'hi'], 'E_NO_ACCOUNT', 1],
    [['message', 'send', '--to', 'bobby', ''], 'E_USAGE', 2],
    [['message', 'send', '--to', 'bobby', 'x'.repeat(65_536)], 'E_USAGE', 2],
    [['group', 'rejoin', '@bobby'], 'E_USAGE', 2],
    [['message', 'send', '--to', 'No!', 'hi'], 'E_BAD_USERNAME', 65],
    [['message', 'list', '--to', 'No!'], 'E_BAD_USERNAME', 65],
    [['message', 'send', '--group', 'team', 'hi'], 'E_USAGE', 2],
    [['message', 'save', '0'.repeat(32), '--output', 'x'], 'E_USAGE', 2],
    [['message', 'edit', '0'.repeat(32), 'x'], 'E_USAGE', 2],
    [['group', 'create', ''], 'E_USAGE', 2],
    [['device', 'revoke', 'agent-of-nobody'], 'E_USAGE', 2],
    [['device', 'approve', 'no code'], 'E_DATA', 65],
    [['account', 'delete'], 'E_USAGE', 2],
  ])('with an account: %p says %s and ends with %i', async (words, code, exitCode) => {
    const ended = await run(alice, ...words, '--json');
    expect(ended.lines.at(-1)).toEqual({ event: 'error', code, message: expect.any(String) });
    expect(ended.code).toBe(exitCode);
  });

  it('C11: a device that is logged in and not linked says so, whatever is asked of it', async () => {
    const phone = bench.directory();
    await run(phone, 'account', 'login', 'alice', '--password-file', join(alice, 'password'));
    const [list, watch] = await Promise.all([run(phone, 'message', 'list'), run(phone, 'message', 'watch')]);
    for (const { code, stderr } of [list, watch]) {
      expect([code, stderr]).toEqual([77, expect.stringContaining('Run: device link')]);
    }
  });

  it('says where the right names are', async () => {
    const [group, device, archive] = await Promise.all([
      run(alice, 'message', 'list', '--group', 'team'),
      run(alice, 'device', 'revoke', 'agent-of-nobody'),
      // As a process: what is told apart is an error of Node.js itself, and those of Jest's world are others.
      bench.run(['import', './none', '--archive-passphrase-file', join(alice, 'password'), '--data-dir', alice]),
    ]);
    expect(group.stderr).toContain('group list');
    expect(device.stderr).toContain('device list');
    expect(archive).toMatchObject({ code: 1, stderr: expect.stringContaining('There is no file ./none') });
  });

  it('a server that is not there is 69, a wrong password 77, a mistyped command is named', async () => {
    const away = await runInProcess(['message', 'list', '--server', '127.0.0.1:1', '--data-dir', alice]);
    expect(away).toMatchObject({ code: 69, stderr: expect.stringContaining('E_UNREACHABLE') });
    const wrong = file(stranger, 'wrong', 'battery staple');
    const login = await run(stranger, 'account', 'login', 'alice', '--password-file', wrong);
    expect(login).toMatchObject({ code: 77, stderr: expect.stringContaining('E_LOGIN_FAILED') });
    const mistyped = await run(alice, 'account', 'regster', 'alice');
    expect(mistyped).toMatchObject({ code: 2, stderr: expect.stringContaining('Did you mean register?') });
  });
});

describe('I3: what people read', () => {
  it('I7: who is on the server, whether somebody is there, and who may see that', async () => {
    const [all, page, hidden, seen] = await Promise.all([
      run(alice, 'account', 'users', '--json'),
      run(alice, 'account', 'users', '--limit', '1'),
      run(alice, 'account', 'visibility', 'nobody'),
      run(bob, 'account', 'visibility', 'everybody'),
    ]);
    expect(all.lines).toEqual([
      { event: 'user', user: 'alice' },
      { event: 'user', user: 'bobby' },
    ]);
    expect(page).toMatchObject({ stdout: 'alice\n', stderr: expect.stringContaining('account users --after alice') });
    expect([hidden, seen].map(({ stdout }) => stdout)).toEqual(['Visible to nobody.\n', 'Visible to everybody.\n']);
    const { lines: checked } = await run(alice, 'account', 'check', '--json');
    expect(checked[0]).toEqual({ event: 'checked', user: 'alice', own: true, statements: 2, added: 0 });
    const [ofAlice, ofBob, wrong] = await Promise.all([
      run(bob, 'account', 'presence', 'alice'),
      run(alice, 'account', 'presence', 'bobby', '--json'),
      run(alice, 'account', 'visibility', 'friends'),
    ]);
    expect(ofAlice.stdout).toBe('alice does not show whether anybody is there.\n');
    expect(ofBob.lines[0]).toMatchObject({
      event: 'presence',
      user: 'bobby',
      state: expect.stringMatching(/^(away|online)$/),
    });
    expect(wrong).toMatchObject({ code: 2, stderr: expect.stringContaining('nobody, contacts, everybody') });
  });

  it('D1: messages are edited, taken back and reacted to', async () => {
    const sent = (await run(alice, 'message', 'send', '--to', 'bobby', 'teh plan', '--json')).lines[0];
    const id = String(sent?.['id']);
    expect((await run(alice, 'message', 'edit', id, 'the plan', '--json')).lines).toEqual([{ event: 'edited', id }]);
    expect(await run(bob, 'message', 'react', id, '👍')).toMatchObject({ code: 0, stdout: `Reacted to ${id}\n` });
    expect((await run(alice, 'message', 'list')).stdout).toMatch(/to bobby: the plan.* 👍\n$/);
    expect((await run(bob, 'message', 'edit', id, 'mine')).code).toBe(2);
    expect((await run(alice, 'message', 'delete', id)).code).toBe(0);
    expect((await run(bob, 'message', 'list')).stdout).toContain('alice: (deleted)');
  });

  it('D5: a message of a group stands under its name; who is logged out is told', async () => {
    await run(alice, 'group', 'create', 'garden', 'bobby');
    await run(alice, 'message', 'send', '--group', 'garden', 'seeds');
    expect((await run(alice, 'message', 'list', '--group', 'garden')).stdout).toMatch(/ {2}#garden you: seeds\n/);
    expect((await run(bob, 'message', 'list', '--group', 'garden')).stdout).toMatch(/ {2}#garden alice: seeds\n/);
    expect((await run(bob, 'account', 'logout')).code).toBe(0);
    const [list, watch] = await Promise.all([run(bob, 'message', 'list'), run(bob, 'message', 'watch')]);
    expect(list).toMatchObject({ code: 77, stdout: expect.stringContaining('#garden alice: seeds\n') });
    expect(list.stderr).toContain('account login bobby');
    expect(list.stderr).not.toContain('"level"');
    const away = await runInProcess(['message', 'list', '--server', '127.0.0.1:1', '--data-dir', alice]);
    expect(away).toMatchObject({ code: 69, stdout: expect.stringContaining('#garden you: seeds\n') });
    expect(watch).toMatchObject({ code: 77, stderr: expect.stringContaining('E_NOT_LOGGED_IN') });
    const send = await run(bob, 'message', 'send', '--to', 'alice', 'hi');
    expect(send).toMatchObject({ code: 77, stderr: expect.stringContaining('E_NOT_LOGGED_IN') });
  });

  const groups = ['account', 'device', 'message', 'group'];
  const named = agentProgram.commands.filter(({ name }) => [...groups, 'verify', 'chat', 'export'].includes(name));
  it.each(named.flatMap((command) => leavesOf(command)))('--help of %s has examples that name it', (words, command) => {
    expect(command.summary).toMatch(/\.$/);
    const last = command.examples?.at(-1) ?? '';
    expect(last.startsWith(words)).toBe(true);
  });

  it.each(['bash', 'zsh', 'fish'])('the completion of %s knows the commands of messaging', async (shell) => {
    const { code, stdout } = await runInProcess(['completion', shell]);
    expect(code).toBe(0);
    for (const word of ['account', 'register', 'approve', 'rejoin', 'react', '--recovery-key-file', '--mark-read']) {
      expect(stdout).toContain(shell === 'fish' ? word.replace(/^--/, '') : word);
    }
  });
});

function leavesOf(command: CommandDefinition, before = ''): [string, CommandDefinition][] {
  const words = `${before}${command.name}`;
  const inner = command.commands ?? [];
  return inner.length === 0 ? [[words, command]] : inner.flatMap((each) => leavesOf(each, `${words} `));
}
