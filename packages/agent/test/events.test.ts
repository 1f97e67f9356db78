/** Events as real processes against the product's server: what publish and listen print and how they end. */
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { cpSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { Workbench, type Ended, type Line, type Program, type ServerProgram } from './processes.ts';

jest.setTimeout(120_000);

/** What a publisher that is killed again and again has in its outbox. */
const QUEUED = 4_000;

const bench = new Workbench();
let server: ServerProgram;
let address: string;
let producerDir: string;

beforeAll(async () => {
  server = await bench.serve({ dataDir: bench.directory() });
  address = `127.0.0.1:${server.port}`;
  producerDir = bench.directory();
});

afterAll(() => bench.dispose());

const at = (words: readonly string[], dataDir: string): string[] => [
  ...words,
  '--json',
  '--server',
  address,
  '--data-dir',
  dataDir,
];

async function listening(words: readonly string[], dataDir = bench.directory()): Promise<Program> {
  const listener = bench.agent(at(['listen', ...words], dataDir));
  await listener.line('subscribed', 0, 30_000);
  return listener;
}

const publish = (words: readonly string[], dataDir = producerDir): Promise<Ended> =>
  bench.run(at(['publish', ...words], dataDir));

/** Publishes each of the lines from stdin. */
function publishLines(topic: string, lines: readonly string[], dataDir = producerDir): Promise<Ended> {
  const program = bench.agent(at(['publish', '--topic', topic, '--stdin-lines'], dataDir));
  program.child.stdin.end(lines.map((line) => `${line}\n`).join(''));
  return program.ended;
}

const eventsOf = (lines: readonly Line[], event: string): Line[] => lines.filter((line) => line.event === event);
const payloads = (lines: readonly Line[]): unknown[] => eventsOf(lines, 'delivery').map(({ payload }) => payload);

/** What comes within so long from when a listener is subscribed, however long that took. */
async function heardFor(ms: number, words: readonly string[], dataDir: string): Promise<unknown[]> {
  const listener = await listening(words, dataDir);
  await sleep(ms);
  listener.kill('SIGTERM');
  return payloads((await listener.ended).lines);
}

describe('publish and listen', () => {
  it('E1: subscribed is told once it is durable; each event is printed and acked, and the receipt says where it is', async () => {
    const dataDir = bench.directory();
    const listener = await listening(['--topic', 'fleet.>', '--count', '2'], dataDir);
    const first = await publish(['--topic', 'fleet.eu', '--payload', 'caf\u00e9 \u001b[31m']);
    expect(first).toMatchObject({ code: 0, lines: [{ event: 'receipt', durability: 'durable' }] });
    expect(Object.keys(first.lines[0] ?? {})).toEqual(['event', 'id', 'sequence', 'durability']);
    await publish(['--topic', 'fleet.eu.x', '--payload', '{"not":"json"}']);
    await publish(['--topic', 'elsewhere', '--payload', 'not for this one']);
    const { code, lines } = await listener.ended;
    expect(code).toBe(0);
    expect(lines.map(({ event }) => event)).toEqual(['connected', 'subscribed', 'delivery', 'delivery', 'closed']);
    expect(lines[2]).toEqual({
      event: 'delivery',
      id: first.lines[0]?.['id'],
      sequence: 1,
      attempt: 1,
      topic: 'fleet.eu',
      payload: 'caf\u00e9 \u001b[31m',
    });
    expect(lines[3]).toMatchObject({ sequence: 2, payload: '{"not":"json"}' });
  });

  it('E5: what was published while nobody listened is there, in order; what was acked is not', async () => {
    const dataDir = bench.directory();
    const first = await listening(['--topic', 'offline', '--count', '1'], dataDir);
    await publish(['--topic', 'offline', '--payload', 'seen']);
    expect((await first.ended).code).toBe(0);
    const texts = Array.from({ length: 300 }, (_, index) => `event ${index}`);
    const published = await publishLines('offline', texts);
    expect(published.code).toBe(0);
    expect(eventsOf(published.lines, 'receipt')).toHaveLength(300);
    const second = await listening(['--topic', 'offline', '--count', '300', '--timeout', '60'], dataDir);
    const { code, lines } = await second.ended;
    expect(code).toBe(0);
    expect(payloads(lines)).toEqual(texts);
    expect(eventsOf(lines, 'delivery').map(({ sequence }) => sequence)).toEqual(texts.map((_, index) => index + 2));
    expect(eventsOf(lines, 'delivery').map(({ attempt }) => attempt)).toEqual(texts.map(() => 1));
    expect(eventsOf(lines, 'subscribed')[0]).toMatchObject({ waiting: 300 });
  });

  it('E1: events addressed to an agent, and requests, reach listen without --topic', async () => {
    const dataDir = bench.directory();
    const listener = await listening(['--id', 'ear', '--count', '2'], dataDir);
    expect((await publish(['--to', 'agent:ear', '--payload', 'direct'])).code).toBe(0);
    const asked = await bench.run(at(['request', '--to', 'agent:ear', 'question'], producerDir));
    expect(asked.lines[0]).toMatchObject({ event: 'reply', text: 'question' });
    const { code, lines } = await listener.ended;
    expect(code).toBe(0);
    expect(eventsOf(lines, 'delivery')[0]).toMatchObject({ topic: null, payload: 'direct', attempt: 1 });
    expect(eventsOf(lines, 'request')[0]).toMatchObject({ text: 'question' });
    const unknown = await publish(['--to', 'agent:nobody-here', '--payload', 'x']);
    expect(unknown).toMatchObject({ code: 1 });
    expect(unknown.lines).toEqual([{ event: 'error', code: 'E_UNKNOWN_ADDRESS', message: expect.any(String) }]);
  });

  it('E2: --fail-first refuses the first attempts, and the event comes again', async () => {
    const listener = await listening(['--topic', 'fails', '--fail-first', '2', '--count', '1']);
    await publish(['--topic', 'fails', '--payload', 'x']);
    const { code, lines } = await listener.ended;
    expect(code).toBe(0);
    expect(eventsOf(lines, 'delivery').map(({ attempt }) => attempt)).toEqual([1, 2, 3]);
  });

  it('R4: --manual-ack acks what stdin says; an unknown or repeated id does nothing', async () => {
    const dataDir = bench.directory();
    const listener = await listening(['--topic', 'manual', '--manual-ack', '--count', '3'], dataDir);
    await publishLines('manual', ['a', 'b']);
    const [a, b] = [await listener.line('delivery', 0), await listener.line('delivery', 1)];
    listener.child.stdin.write(`ack nobody\nack ${String(a['id'])}\nack ${String(a['id'])}\nmumble\n`);
    listener.child.stdin.write(`nack ${String(b['id'])} not today\n`);
    const again = await listener.line('delivery', 2, 30_000);
    expect(again).toMatchObject({ id: b['id'], attempt: 2 });
    listener.child.stdin.write(`ack ${String(b['id'])}\n`);
    const { code, stderr } = await listener.ended;
    expect(code).toBe(0);
    expect(stderr).toContain('no delivery of nobody waits');
    expect(stderr).toContain('expected: ack ID');
    expect(await heardFor(1_500, ['--topic', 'manual'], dataDir)).toEqual([]);
  });

  it('I3: --timeout ends with 0, or with 124 when --count was not reached', async () => {
    const [plain, counted] = await Promise.all([
      bench.run(at(['listen', '--topic', 't1', '--timeout', '3'], bench.directory())),
      bench.run(at(['listen', '--topic', 't2', '--timeout', '3', '--count', '1'], bench.directory())),
    ]);
    expect(plain.code).toBe(0);
    expect(counted.code).toBe(124);
    expect(counted.lines.at(-1)).toMatchObject({ event: 'error', code: 'E_TIMEOUT' });
  });

  it('E6, R6: --event-id is stored once with the same receipt; other content is a conflict', async () => {
    const words = ['--topic', 'ids', '--event-id', 'order-7'];
    const first = await publish([...words, '--payload', 'x']);
    const again = await publish([...words, '--payload', 'x']);
    expect(first.lines[0]).toMatchObject({ id: 'order-7' });
    expect(again.lines).toEqual(first.lines);
    const other = await publish([...words, '--payload', 'y']);
    expect(other.code).toBe(65);
    expect(other.lines.at(-1)).toMatchObject({ event: 'error', code: 'E_EVENT_CONFLICT' });
  });

  it('D9: what cannot be published or subscribed is told before anything is connected', async () => {
    const results = await Promise.all([
      publish(['--topic', 'a..b', '--payload', 'x']),
      publish(['--topic', 'a', '--payload', 'x'.repeat(98_305)]),
      publish(['--topic', 'a']),
      publish(['--payload', 'x']),
      publish(['--topic', 'a', '--to', 'agent:b', '--payload', 'x']),
      publish(['--to', 'b', '--payload', 'x']),
      bench.run(at(['listen', '--topic', 'a.*b'], producerDir)),
      bench.run(at(['listen', '--group', 'g'], producerDir)),
    ]);
    expect(results.map(({ code }) => code)).toEqual([65, 65, 2, 2, 2, 2, 2, 2]);
    expect(results[0].lines.at(-1)).toMatchObject({ code: 'E_BAD_TOPIC' });
    expect(results[1].lines.at(-1)).toMatchObject({ code: 'E_EVENT_TOO_LARGE' });
  });

  it('C2: whoever reads stdout goes away: the listener ends, and what it did not print comes to the next one', async () => {
    const dataDir = bench.directory();
    const listener = await listening(['--topic', 'pipe'], dataDir);
    listener.child.stdout.destroy();
    await publishLines('pipe', ['1', '2', '3']);
    expect((await listener.ended).code).toBe(0);
    const next = await listening(['--topic', 'pipe', '--count', '3', '--timeout', '30'], dataDir);
    const { lines } = await next.ended;
    expect(payloads(lines)).toEqual(['1', '2', '3']);
  });

  it('R12: members of a group share the events of a topic, each goes to one of them', async () => {
    const words = ['--topic', 'work', '--group', 'workers'];
    const members = await Promise.all([listening(words), listening(words)]);
    const texts = Array.from({ length: 200 }, (_, index) => `job ${index}`);
    await publishLines('work', texts);
    const taken = (): number => members.reduce((sum, { lines }) => sum + payloads(lines).length, 0);
    for (let wait = 0; taken() < texts.length && wait < 600; wait++) await sleep(50);
    for (const member of members) member.kill('SIGTERM');
    const results = await Promise.all(members.map(({ ended }) => ended));
    const each = results.map(({ lines }) => payloads(lines) as string[]);
    expect(each.flat().sort()).toEqual([...texts].sort());
    expect(Math.min(...each.map(({ length }) => length))).toBeGreaterThan(0);
  });
});

describe('outbox', () => {
  it('E11: what was queued offline goes out before what follows, once and in order', async () => {
    const dataDir = bench.directory();
    const listener = await listening(['--topic', 'queued', '--count', '4']);
    for (const text of ['1', '2']) {
      const { code, lines } = await bench.run([
        ...['publish', '--topic', 'queued', '--payload', text, '--queue-only', '--json', '--data-dir', dataDir],
      ]);
      expect({ code, lines }).toEqual({
        code: 0,
        lines: [{ event: 'queued', id: expect.stringMatching(/^[\w-]{16}-\d$/) }],
      });
    }
    const offline = await bench.run([
      ...['publish', '--topic', 'queued', '--payload', '3', '--json', '--data-dir', dataDir],
      ...['--server', '127.0.0.1:9', '--timeout', '2'],
    ]);
    expect(offline.code).toBe(124);
    expect(offline.stderr).toContain('1 stay in the outbox');
    expect((await publish(['--topic', 'queued', '--payload', '4'], dataDir)).code).toBe(0);
    expect(payloads((await listener.ended).lines)).toEqual(['1', '2', '3', '4']);
  });

  it('A15, 2.0.11: publisher killed again and again: all that was queued arrives, once and in order', async () => {
    const dataDir = bench.directory();
    const texts = Array.from({ length: QUEUED }, (_, index) => `n ${index}`);
    const listener = await listening(['--topic', 'killed', '--count', String(QUEUED), '--timeout', '100']);
    const queue = bench.agent([
      'publish',
      '--topic',
      'killed',
      '--stdin-lines',
      '--queue-only',
      '--json',
      '--data-dir',
      dataDir,
    ]);
    queue.child.stdin.end(texts.map((text) => `${text}\n`).join(''));
    expect((await queue.ended).code).toBe(0);
    for (let round = 0; round < 4; round++) {
      const sender = bench.agent(at(['start', '--count', '0', '--reconnect'], dataDir));
      await sender.line('connected', 0, 30_000);
      await sleep(20 + round * 30);
      sender.kill('SIGKILL');
      await sender.ended;
    }
    const last = bench.agent(at(['start', '--count', '0', '--reconnect'], dataDir));
    await last.line('connected', 0, 30_000);
    const { code, lines } = await listener.ended;
    last.kill('SIGTERM');
    expect((await last.ended).code).toBe(0);
    expect(code).toBe(0);
    expect(payloads(lines)).toEqual(texts);
  });

  it('E11: two processes publish from one data directory at once; nothing is lost or stored twice', async () => {
    const dataDir = bench.directory();
    const listener = await listening(['--topic', 'two', '--count', '1000', '--timeout', '100']);
    const halves = ['a', 'b'].map((name) => Array.from({ length: 500 }, (_, index) => `${name}${index}`));
    const ended = await Promise.all(halves.map((texts) => publishLines('two', texts, dataDir)));
    expect(ended.map(({ code }) => code)).toEqual([0, 0]);
    const { lines } = await listener.ended;
    const all = payloads(lines) as string[];
    for (const half of halves) expect(all.filter((text) => half.includes(text))).toEqual(half);
  });

  it('E11: an outbox restored from a copy is noticed; new events are stored, old ones not twice', async () => {
    const dataDir = bench.directory();
    const copy = bench.directory();
    const listener = await listening(['--topic', 'copied', '--count', '6']);
    await publish(['--topic', 'copied', '--payload', '1'], dataDir);
    cpSync(dataDir, copy, { recursive: true });
    for (const text of ['2', '3']) await publish(['--topic', 'copied', '--payload', text], dataDir);
    const queued = await bench.run([
      ...['publish', '--topic', 'copied', '--payload', '4', '--queue-only', '--json', '--data-dir', copy],
    ]);
    expect(queued.code).toBe(0);
    const next = await publish(['--topic', 'copied', '--payload', '5'], copy);
    expect(next.code).toBe(0);
    expect(next.stderr).toContain('restored from a copy');
    expect((await publish(['--topic', 'copied', '--payload', '6'], copy)).code).toBe(0);
    expect(payloads((await listener.ended).lines)).toEqual(['1', '2', '3', '4', '5', '6']);
  });
});

describe('listener killed', () => {
  it('R2: between the event and its ack: it comes again with a higher attempt', async () => {
    const dataDir = bench.directory();
    const first = await listening(['--topic', 'kill', '--manual-ack'], dataDir);
    await publish(['--topic', 'kill', '--payload', 'x']);
    await first.line('delivery');
    first.kill('SIGKILL');
    await first.ended;
    const second = await listening(['--topic', 'kill', '--count', '1'], dataDir);
    const { lines } = await second.ended;
    expect(eventsOf(lines, 'delivery')[0]).toMatchObject({ sequence: 1, attempt: 2, payload: 'x' });
  });

  it('R2: killed again and again in a stream of events, it misses none and acks none twice', async () => {
    const dataDir = bench.directory();
    const texts = Array.from({ length: 600 }, (_, index) => `${index}`);
    const seen: string[] = [];
    let listener = await listening(['--topic', 'loop'], dataDir);
    const published = publishLines('loop', texts);
    for (let round = 0; round < 4; round++) {
      await sleep(150);
      listener.kill('SIGKILL');
      seen.push(...(payloads((await listener.ended).lines) as string[]));
      listener = await listening(['--topic', 'loop'], dataDir);
    }
    expect((await published).code).toBe(0);
    for (let wait = 0; wait < 200 && new Set([...seen, ...payloads(listener.lines)]).size < 600; wait++)
      await sleep(100);
    listener.kill('SIGTERM');
    const { lines, code } = await listener.ended;
    expect(code).toBe(0);
    seen.push(...(payloads(lines) as string[]));
    expect([...new Set(seen)].map(Number).sort((left, right) => left - right)).toEqual(texts.map(Number));
    // First deliveries are in order; what was printed and not acked before a kill comes again.
    const firsts = [...new Set(seen)].map(Number);
    expect(firsts).toEqual([...firsts].sort((left, right) => left - right));
    expect(await heardFor(2_500, ['--topic', 'loop'], dataDir)).toEqual([]);
  });
});
