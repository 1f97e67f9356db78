/** Two people chat: two agents on two terminals, a real server between them. Needs script(1). */
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { programWords } from '@sealane/node/testing';
import { Workbench, type ServerProgram } from '../processes.ts';
import { PseudoTerminal, hasPseudoTerminals } from './pseudo-terminal.ts';

const bench = new Workbench();
const help = await bench.serverCommand(['serve', '--help']);
const hasAccounts = help.stdout.includes('--registration');
if (!hasPseudoTerminals) console.warn('SKIPPED two people on terminals: script(1) is missing');
if (!hasAccounts) console.warn('SKIPPED two people on terminals: this server has no accounts');

const open: PseudoTerminal[] = [];
let serverDirectory: string;
let server: ServerProgram;
let directories: Readonly<Record<'alice' | 'bob', string>>;

const at = (name: 'alice' | 'bob'): string[] => [
  '--server',
  `127.0.0.1:${server.port}`,
  '--data-dir',
  directories[name],
];

function chat(name: 'alice' | 'bob', words: readonly string[] = []): PseudoTerminal {
  const terminal = new PseudoTerminal([...programWords('agent'), 'chat', ...words, ...at(name)], {
    columns: 100,
    rows: 40,
  });
  open.push(terminal);
  return terminal;
}

beforeAll(async () => {
  serverDirectory = bench.directory();
  server = await bench.serve({ dataDir: serverDirectory, words: hasAccounts ? ['--registration', 'open'] : [] });
  directories = { alice: bench.directory(), bob: bench.directory() };
  for (const name of hasAccounts ? (['alice', 'bob'] as const) : []) {
    const passwordFile = join(directories[name], 'password');
    writeFileSync(passwordFile, randomBytes(12).toString('hex'), { mode: 0o600 });
    const { code, stderr } = await bench.run([
      'account',
      'register',
      name,
      '--password-file',
      passwordFile,
      ...at(name),
    ]);
    expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, stderr: '' });
  }
}, 60_000);

afterEach(() => {
  for (const terminal of open.splice(0)) terminal.kill();
});
afterAll(() => bench.dispose());

(hasPseudoTerminals && hasAccounts ? describe : describe.skip)('two people', () => {
  it('D1: write, answer, react, edit and delete, and see how far each message is', async () => {
    const alice = chat('alice', ['bob']);
    await alice.until('bob>');
    alice.type('hello bob\r');
    await alice.until('you: hello bob (sent)');
    const bob = chat('bob');
    await bob.until('alice wrote: /open alice');
    bob.type('/open\r');
    await bob.until('#1 alice: hello bob');
    await alice.until('you: hello bob (read)');
    bob.type('/reply 1 hi 漢字\r');
    await alice.until('#2 bob: hi 漢字');
    await bob.until('you: hi 漢字 (read)');
    alice.type('/react 2 👍\r');
    await bob.until('👍 alice');
    bob.type('/edit 2 hi there\r');
    await alice.until('bob edited #2: hi there');
    bob.type('/delete 2\r');
    await bob.until('Delete #2 for everybody? (y/n)');
    bob.type('y');
    await alice.until('#2 bob: (deleted)');
    bob.type('I am writ');
    await alice.until('bob is writing …');
    bob.type('\u0003\u0003');
    alice.type('/quit\r');
    expect(await Promise.all([alice.outcome(), bob.outcome()])).toEqual([
      { exit: 0, isRestored: true },
      { exit: 0, isRestored: true },
    ]);
    expect([...alice.terminal.refused, ...bob.terminal.refused]).toEqual([]);
  }, 120_000);

  it('B8: while the server is away all is kept, and comes through once, in order, when it is back', async () => {
    const alice = chat('alice', ['bob']);
    await alice.until('bob>');
    const bob = chat('bob', ['alice']);
    await bob.until('alice>');
    alice.type('before\r');
    await bob.until('alice: before');
    server.program.kill('SIGKILL');
    await server.program.ended;
    await alice.until('bob (offline)>');
    for (const number of [1, 2, 3]) alice.type(`kept ${number}\r`);
    await alice.until('you: kept 3 (sending)');
    server = await bench.serve({ dataDir: serverDirectory, port: server.port, words: ['--registration', 'open'] });
    await bob.until('alice: kept 3', 60_000);
    await alice.until('you: kept 3 (read)');
    const kept = [...bob.terminal.all.matchAll(/alice: kept (\d)/g)].map(([, number]) => number);
    expect(kept).toEqual(['1', '2', '3']);
    await alice.until(/^bob>$/m);
  }, 120_000);

  it('D7: a file goes over and is saved as it was', async () => {
    const path = join(directories.alice, 'picture.bin');
    const bytes = randomBytes(300_000);
    writeFileSync(path, bytes);
    const alice = chat('alice', ['bob']);
    await alice.until('bob>');
    const bob = chat('bob', ['alice']);
    await bob.until('alice>');
    alice.type(`/file ${path}\r`);
    await bob.until('[file] picture.bin (293.0 KiB)');
    const number = /#(\d+) alice: \[file\] picture\.bin/.exec(bob.terminal.all)?.[1];
    const saved = join(directories.bob, 'saved.bin');
    bob.type(`/save ${number} ${saved}\r`);
    await bob.until('Saved ');
    expect(existsSync(saved) && readFileSync(saved).equals(bytes)).toBe(true);
  }, 120_000);

  it('says who has another identity, and shows the same safety number to both', async () => {
    const alice = chat('alice', ['bob']);
    const bob = chat('bob', ['alice']);
    await alice.until('bob>');
    await bob.until('alice>');
    alice.type('/verify\r');
    bob.type('/verify\r');
    const digits = /(?:^ {4}\d{5}(?: \d{5}){3}\n){3}/m;
    await alice.until(digits);
    await bob.until(digits);
    expect(digits.exec(alice.terminal.all)?.[0]).toBe(digits.exec(bob.terminal.all)?.[0]);
    alice.type('/verify confirm\r/members\r');
    await alice.until(/^bob +verified · /m);
  }, 120_000);

  it('a second chat of the same device shows the same', async () => {
    const first = chat('alice', ['bob']);
    await first.until('bob>');
    const second = chat('alice', ['bob']);
    await second.until('bob>');
    const bob = chat('bob', ['alice']);
    await bob.until('alice>');
    bob.type('for both\r');
    await first.until('bob: for both');
    await second.until('bob: for both');
    second.type('from the second\r');
    await bob.until('alice: from the second');
    await first.until('you: from the second');
  }, 120_000);

  it('prints plain lines for a simple terminal', async () => {
    const words = [...programWords('agent'), 'chat', 'bob', ...at('alice')];
    const alice = new PseudoTerminal(words, { environment: { TERM: 'dumb' } });
    open.push(alice);
    await alice.until('-- Chat with bob --');
    alice.type('plain words\n');
    await alice.until('you: plain words');
    alice.type('\u0004');
    expect(await alice.outcome()).toEqual({ exit: 0, isRestored: true });
    expect(alice.raw).not.toContain('\u001b');
  }, 60_000);
});

describe('without a terminal', () => {
  it('C6: chat exits 2 and names the commands that work without one', async () => {
    const { code, stdout, stderr } = await bench.run(['chat', 'bob', ...at('alice')]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    for (const command of ['message send', 'message list', 'message watch']) expect(stderr).toContain(command);
    expect((await bench.run(['chat', 'bob', '--json', ...at('alice')])).code).toBe(2);
  }, 30_000);

  it('E_NO_ACCOUNT_HERE: a device without an account is told how to get one', async () => {
    const words = [
      ...programWords('agent'),
      'chat',
      '--server',
      `127.0.0.1:${server.port}`,
      '--data-dir',
      bench.directory(),
    ];
    const terminal = new PseudoTerminal(words);
    open.push(terminal);
    expect((await terminal.outcome()).exit).not.toBe(0);
    expect(terminal.raw).toContain('account register');
  }, 30_000);
});
