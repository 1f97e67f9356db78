/** The commands as real processes against the product's server: what they print and how they end. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createServer as createHttpServer, type Server as HttpServer } from 'node:http';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { chmodSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ERRORS } from '@sealane/shared/errors';
import { Workbench, type ServerProgram } from './processes.ts';

const bench = new Workbench();
let server: ServerProgram;
let address: string;
let dataDir: string;

beforeAll(async () => {
  server = await bench.serve({ dataDir: bench.directory() });
  address = `127.0.0.1:${server.port}`;
  dataDir = bench.directory();
}, 30_000);

afterAll(() => bench.dispose());

const at = (words: readonly string[], directory = dataDir): string[] => [
  ...words,
  '--server',
  address,
  '--data-dir',
  directory,
];

describe('start', () => {
  it('I3: says hello five times and prints each reply with its round trip', async () => {
    const { code, stdout, stderr } = await bench.run(at(['start']));
    expect(code).toBe(0);
    const lines = stdout.trimEnd().split('\n');
    expect(lines).toHaveLength(6);
    expect(lines[0]).toMatch(/^Connected to 127\.0\.0\.1:\d+ \(SHA256:\S{43}\) as agent-[0-9a-f]{16}$/);
    for (const line of lines.slice(1)) expect(line).toMatch(/^Hello from client! {2}\(\d+\.\d{3} ms\)$/);
    expect(stderr).toContain(`First contact with ${address}: its identity ${server.fingerprint} is recorded.`);
    expect(statSync(join(dataDir, 'identity.key')).mode & 0o777).toBe(0o600);
  }, 20_000);

  it('I3: --json prints exactly the promised lines; the environment sets what flags do not', async () => {
    const words = ['start', '--server', address, '--json', '--count', '2', '--id', 'named'];
    const { code, lines, stdout } = await bench.run(words, {
      SEALANE_AGENT_DATA_DIR: bench.directory(),
      SEALANE_AGENT_MESSAGE: 'from\u001b[31m here',
      SEALANE_AGENT_COUNT: '9',
    });
    expect(code).toBe(0);
    expect(stdout.trimEnd().split('\n')).toHaveLength(lines.length);
    expect(lines.map(({ event }) => event)).toEqual(['connected', 'reply', 'reply', 'closed']);
    expect(lines[0]).toEqual({
      event: 'connected',
      server: address,
      fingerprint: server.fingerprint,
      id: 'named',
      suite: 'Noise_XXhfs_25519+MLKEM768_AESGCM_SHA256',
      version: 3,
    });
    expect(lines[1]).toEqual({ event: 'reply', text: 'from\u001b[31m here', rttMs: expect.any(Number) });
    expect(lines[3]).toEqual({ event: 'closed', reason: 'closed' });
  }, 20_000);

  it('I3: two processes that share a fresh data directory at once end with one identity', async () => {
    const shared = bench.directory();
    const both = await Promise.all([1, 2, 3].map(() => bench.run(at(['send', 'x', '--json'], shared))));
    expect(both.map(({ code }) => code)).toEqual([0, 0, 0]);
    const names = await Promise.all([
      bench.run(['fingerprint', '--json', '--data-dir', shared]),
      bench.run(['fingerprint', '--data-dir', shared]),
    ]);
    expect(names[0].lines[0]?.['fingerprint']).toBe(names[1].stdout.trim());
    expect(readdirSync(shared).sort()).toEqual(['identity.key', 'identity.pub', 'known_servers']);
    expect(readFileSync(join(shared, 'known_servers'), 'utf8')).toContain(server.fingerprint);
  }, 30_000);
});

describe('other commands', () => {
  it("I3: send prints the reply alone; a peer's escapes are shown, not obeyed", async () => {
    const { code, stdout } = await bench.run(at(['send', 'red \u001b[31m text']));
    expect(code).toBe(0);
    expect(stdout).not.toContain('\u001b');
    expect(stdout).toMatch(/^red .*text\n$/);
  }, 20_000);

  it('I3: request --to reaches a listening agent, which prints and echoes', async () => {
    const listenDir = bench.directory();
    const listener = bench.agent(at(['listen', '--json', '--id', 'ear', '--count', '1'], listenDir));
    await listener.line('connected');
    const asked = await bench.run(
      at(['request', '--to', 'agent:ear', 'knock', '--json', '--id', 'mouth'], bench.directory()),
    );
    expect(asked.lines).toEqual([{ event: 'reply', text: 'knock', rttMs: expect.any(Number) }]);
    expect(asked.code).toBe(0);
    const { code, lines } = await listener.ended;
    expect(code).toBe(0);
    expect(lines.filter(({ event }) => event === 'request')).toEqual([
      { event: 'request', from: 'agent:mouth', name: 'message', text: 'knock' },
    ]);
    const absent = await bench.run(at(['request', '--to', 'agent:nobody', 'x', '--json']));
    expect(absent.code).toBe(69);
    expect(absent.lines.at(-1)).toMatchObject({ event: 'error', code: 'E_NOT_CONNECTED' });
  }, 30_000);

  it('I3: status, doctor, bench, fingerprint and known-servers', async () => {
    const own = bench.directory();
    const status = await bench.run(at(['status', '--json'], own));
    expect(status.code).toBe(0);
    expect(status.lines[0]).toMatchObject({
      event: 'status',
      server: address,
      knownAs: null,
      reachable: true,
      serverFingerprint: server.fingerprint,
    });
    const [doctor, measured, list] = await Promise.all([
      bench.run(at(['doctor', '--json'], own)),
      bench.run(at(['bench', '--duration', '2s', '--json'], own)),
      bench.run(['known-servers', 'list', '--json', '--data-dir', own]),
    ]);
    expect(doctor.lines.at(-1)).toMatchObject({ event: 'doctor', failed: 0 });
    expect(measured.lines[0]).toMatchObject({ event: 'bench', concurrency: 64, sizeBytes: 64 });
    expect(Number(measured.lines[0]?.['requests'])).toBeGreaterThan(64);
    expect(list.lines).toEqual([
      {
        event: 'known-server',
        server: address,
        fingerprint: server.fingerprint,
        trust: 'trusted',
        since: expect.any(String),
      },
    ]);
    const removed = await bench.run(['known-servers', 'remove', address, '--data-dir', own]);
    expect(removed.code).toBe(0);
    const again = await bench.run(['known-servers', 'remove', address, '--data-dir', own, '--json']);
    expect(again).toMatchObject({ code: 65 });
    const dead = await bench.run(['status', '--server', '127.0.0.1:1', '--data-dir', own, '--json']);
    expect(dead).toMatchObject({ code: 69 });
    expect(dead.lines.map(({ event }) => event)).toEqual(['status', 'error']);
    expect(dead.lines[0]).toMatchObject({ reachable: false, reason: 'E_UNREACHABLE' });
  }, 40_000);
});

describe('ends', () => {
  it.each([
    [['start', '--count', 'many'], /--count: expected a whole number/],
    [['start', '--server', 'http://x'], /--server: expected host:port/],
    [['start', '--serer', 'x'], /Unknown flag --serer/],
    [['request', 'x'], /request needs --to/],
    [['known-servers', 'accept', '127.0.0.1:1', 'SHA256:x'], /fingerprint: expected/],
    [['send', 'x', '--id', 'i'.repeat(65)], /--id: expected at most 64 bytes/],
    [['send', 'x', '--id', 'a\u001b[31mb'], /--id: expected .* letters, digits/],
  ])(
    'I3: %p is a usage error, exit 2, told as the last JSON line',
    async (words, message) => {
      const { code, lines, stderr } = await bench.run([...words, '--json', '--data-dir', dataDir]);
      expect(code).toBe(2);
      expect(lines).toEqual([{ event: 'error', code: 'E_USAGE', message: expect.any(String) }]);
      expect(`${String(lines[0]?.['message'])}${stderr}`).toMatch(message);
    },
    20_000,
  );

  it('C2: a reader that goes away early ends it without a stack', async () => {
    const program = bench.agent(at(['start', '--count', '100000', '--json']));
    await program.line('reply');
    program.child.stdout.destroy();
    const { code, stderr } = await program.ended;
    expect(code).toBe(0);
    expect(stderr).not.toMatch(/\n\s+at /);
  }, 20_000);

  it('C3: SIGINT and SIGTERM: finite work 130 and 143, listen and start --reconnect 0', async () => {
    const finite = ['start', '--count', '100000000', '--json', '--quiet'];
    const lasting = ['start', '--reconnect', '--count', '1', '--json'];
    const programs = [finite, finite, lasting, ['listen', '--json']].map((words) =>
      bench.agent(at(words, bench.directory())),
    );
    for (const [index, program] of programs.entries()) {
      await program.line(index === 3 ? 'connected' : 'reply');
      program.kill(index === 1 ? 'SIGTERM' : 'SIGINT');
    }
    const ended = await Promise.all(programs.map((program) => program.ended));
    expect(ended.map(({ code }) => code)).toEqual([130, 143, 0, 0]);
    expect(ended[0]?.lines.at(-1)).toMatchObject({ event: 'error', code: 'E_INTERRUPTED' });
    expect(ended[2]?.lines.at(-1)).toEqual({ event: 'closed', reason: 'closed' });
  }, 40_000);

  it('C4: a token as an argument is taken, with a warning that names the alternative', async () => {
    const { code, stderr, lines } = await bench.run(at(['send', 'x', '--token', 'sealane-token-no', '--json']));
    expect(stderr).toContain('use --token-file');
    expect(code).toBe(77);
    expect(lines.at(-1)).toMatchObject({ code: 'E_TOKEN_INVALID' });
  }, 20_000);

  it('B4: with a good token, a server that takes nobody new is said to be one', async () => {
    const closedDir = bench.directory();
    const closed = await bench.serve({ dataDir: closedDir, words: ['--enrolment=closed'] });
    const token = (await bench.serverCommand(['enrol', '--data-dir', closedDir])).stdout.trim();
    const file = join(closedDir, 'token');
    writeFileSync(file, token);
    const flags = ['--server', `127.0.0.1:${closed.port}`, '--data-dir', bench.directory(), '--token-file', file];
    const { code, stderr } = await bench.run(['send', 'x', ...flags]);
    expect(code).toBe(77);
    expect(stderr).toContain('E_UNKNOWN_AGENT');
    expect(stderr).toContain('not even with a token');
    expect(stderr).not.toContain('Ask the operator for a token');
  }, 60_000);

  it('C4: --token and --token-file at once are a wrong command line', async () => {
    const { code, stderr } = await bench.run(at(['send', 'x', '--token', 'x', '--token-file', 'y']));
    expect(code).toBe(2);
    expect(stderr).toContain('--token and --token-file are both given');
  }, 60_000);

  it('C5: the file of a token that no setting needs, or a flag overrides, is not read', async () => {
    const environment = { SEALANE_AGENT_TOKEN_FILE: '/nonexistent/token' };
    const file = join(bench.directory(), 'token');
    writeFileSync(file, 'sealane-token-no\n');
    const [list, show, started, missing] = await Promise.all([
      bench.run(['known-servers', 'list', '--data-dir', dataDir], environment),
      bench.run(['config', 'show', '--origin', '--json'], environment),
      bench.run(at(['send', 'x', '--token-file', file, '--json']), environment),
      bench.run(at(['send', 'x', '--json']), environment),
    ]);
    expect(list.code).toBe(0);
    expect(show.code).toBe(0);
    expect(show.stdout).toContain('"detail":"SEALANE_AGENT_TOKEN_FILE"');
    expect(started.lines.at(-1)).toMatchObject({ code: 'E_TOKEN_INVALID' });
    expect(missing.code).toBe(78);
    expect(missing.stdout).toContain('SEALANE_AGENT_TOKEN_FILE: cannot read /nonexistent/token');
  }, 60_000);

  it('C6: when time is up, the next step is that of the trouble', async () => {
    const flags = ['--server', '127.0.0.1:1', '--reconnect', '--timeout', '1', '--data-dir', dataDir];
    const { code, stderr } = await bench.run(['start', ...flags]);
    expect(code).toBe(124);
    expect(stderr).toContain(`Next:  ${ERRORS.E_UNREACHABLE.next}`);
  }, 60_000);

  it('S8: a passphrase that protects nothing is warned of', async () => {
    const own = bench.directory();
    const file = join(own, 'passphrase');
    writeFileSync(file, 'correct horse\n');
    await bench.run(['fingerprint', '--data-dir', own]);
    const { code, stderr } = await bench.run(at(['send', 'x', '--passphrase-file', file], own));
    expect(code).toBe(0);
    expect(stderr).toContain(`${join(own, 'identity.key')} is not protected by a passphrase, though one is given`);
  }, 60_000);

  it('S8: a key file that others can read is refused with the fix', async () => {
    const own = bench.directory();
    await bench.run(['fingerprint', '--data-dir', own]);
    chmodSync(join(own, 'identity.key'), 0o644);
    const { code, stderr } = await bench.run(at(['send', 'x'], own));
    expect(code).toBe(78);
    expect(stderr).toContain(`chmod 600 ${join(own, 'identity.key')}`);
  }, 20_000);

  it('D12: a damaged known_servers stops with its path and line, exit 65', async () => {
    const own = bench.directory();
    writeFileSync(join(own, 'known_servers'), 'what is this\n');
    const { code, lines } = await bench.run(at(['send', 'x', '--json'], own));
    expect(code).toBe(65);
    expect(String(lines.at(-1)?.['message'])).toContain(join(own, 'known_servers'));
  }, 20_000);
});

describe('C6: six ways to fail, six messages, each with its exit code', () => {
  let http: HttpServer;
  let silent: Server;

  beforeAll(async () => {
    http = createHttpServer();
    silent = createServer((socket) => void socket.on('error', () => undefined).resume());
    await Promise.all(
      [http, silent].map((each) => new Promise<void>((resolve) => each.listen(0, '127.0.0.1', resolve))),
    );
  });

  afterAll(() => {
    http.close();
    silent.close();
  });

  it('C6, B10: wrong address, refused, DNS, wrong protocol, silence, changed identity', async () => {
    const portOf = (each: HttpServer | Server): number => (each.address() as AddressInfo).port;
    const other = `SHA256:${'A'.repeat(43)}`;
    const cases = [
      [['--server', 'not an address'], 2, 'E_USAGE'],
      [['--server', '127.0.0.1:1'], 69, 'E_UNREACHABLE'],
      [['--server', 'no-such-host.invalid'], 69, 'E_ADDRESS'],
      [['--server', `127.0.0.1:${portOf(http)}`], 76, 'E_NOT_SEALANE'],
      [['--server', `127.0.0.1:${portOf(silent)}`, '--timeout', '1'], 124, 'E_TIMEOUT'],
      [['--server', address, '--server-key', other], 77, 'E_IDENTITY_CHANGED'],
    ] as const;
    const ended = await Promise.all(cases.map(([words]) => bench.run(['send', 'x', '--data-dir', dataDir, ...words])));
    for (const [index, [, exit, code]] of cases.entries()) {
      expect(ended[index]?.code).toBe(exit);
      expect(ended[index]?.stderr).toContain(code);
      expect(ended[index]?.stderr).toMatch(/Next: {2}\S/);
    }
    expect(new Set(ended.map(({ stderr }) => stderr.split('\n')[0])).size).toBe(6);
    expect(ended[5]?.stderr).toContain(other);
    expect(ended[5]?.stderr).toContain(server.fingerprint);
  }, 40_000);
});
