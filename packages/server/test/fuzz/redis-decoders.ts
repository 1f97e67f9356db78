/**
 * What Redis answers: the shape of an answer is ours, made by our scripts; every text in it is as untrusted as the disk of
 * Redis, and as whoever else may write there. An input is those texts, each after its length (2).
 */
import type { QueueSpec } from '../../src/store/index.ts';
import { outcomeOfAsync, type FuzzDecoder } from '@sealane/shared/testing';
import { decodeDeadLetter } from '../../src/store/redis/dead-letter-codec.ts';
import { decodeRead } from '../../src/store/redis/entry-reader.ts';
import { RECORD_BYTES, decodePayload, encodePayload, encodeRecord } from '../../src/store/redis/event-codec.ts';
import { decodeAnswer } from '../../src/store/redis/publish-batch.ts';
import { queueNameOf, queueSpecOf } from '../../src/store/redis/queue-id.ts';
import { RedisAgentDirectory } from '../../src/store/redis/redis-agent-directory.ts';
import { RedisClock } from '../../src/store/redis/redis-clock.ts';
import type { RedisLink } from '../../src/store/redis/redis-link.ts';
import { SubscriptionTable } from '../../src/store/redis/subscription-table.ts';
import { readUsage } from '../../src/store/redis/usage-pages.ts';
import { event } from './store-decoders.ts';

const LENGTH_BYTES = 2;
const clock = new RedisClock(() => 0);

function textsOf(...texts: readonly (string | Uint8Array)[]): Uint8Array {
  const parts = texts.flatMap((text) => {
    const bytes = Buffer.from(text);
    return [Buffer.of(bytes.length >> 8, bytes.length & 255), bytes];
  });
  return Uint8Array.from(Buffer.concat(parts));
}

function readTexts(input: Uint8Array): readonly Buffer[] {
  const texts: Buffer[] = [];
  for (let at = 0; at + LENGTH_BYTES <= input.length;) {
    const length = ((input[at] ?? 0) << 8) | (input[at + 1] ?? 0);
    texts.push(Buffer.from(input.subarray(at + LENGTH_BYTES, at + LENGTH_BYTES + length)));
    at += LENGTH_BYTES + length;
  }
  return texts;
}

function payloadOf(withBody: boolean): Buffer {
  const into = Buffer.alloc(500);
  const { end } = encodePayload(into, 0, event('topic:a.b'), { expiresAt: 5_000, withBody });
  return into.subarray(0, end);
}

/** Whole payloads are read as they were written; a body that lies apart counts. */
const payloads: FuzzDecoder = {
  name: 'redis-payloads',
  seeds: () => [textsOf(payloadOf(true)), textsOf(payloadOf(false), event('topic:a.b').body), textsOf('', '')],
  decode(input) {
    const [payload = Buffer.alloc(0), shared] = readTexts(input);
    const stored = decodePayload(payload, shared);
    if (stored !== undefined && stored.id !== event('topic:a.b').id) throw new Error('a payload nobody wrote');
    return stored === undefined ? 'damaged' : 'ok';
  },
};

function recordsOf(count: number): Buffer {
  const records = Buffer.alloc(count * RECORD_BYTES);
  for (let index = 0; index < count; index++) {
    const shared = index > 0;
    encodeRecord(records, index * RECORD_BYTES, {
      payloadBytes: payloadOf(!shared).length,
      bodyBytes: 3,
      index,
      shared,
    });
  }
  return records;
}

/** One run of entries with its bodies, two skips, two failures. Every sequence comes once, in order. */
const reads: FuzzDecoder = {
  name: 'redis-reads',
  seeds: () => {
    const both = Buffer.concat([payloadOf(true), payloadOf(false)]);
    const { body } = event('topic:a.b');
    return [
      textsOf('7', '100', recordsOf(2), both, '1:2:e', '9:9:o', '7', '2', body),
      textsOf('7', '100', recordsOf(1), both.subarray(0, -9), '', 'x:y', 'n', '', body),
      textsOf('7', '100', recordsOf(2).subarray(0, -5), both, '', '', '', ''),
    ];
  },
  decode(input) {
    const [first, base, records, bytes, skip = Buffer.alloc(0), other = skip, ...rest] = readTexts(input);
    if (bytes === undefined) return 'too few';
    const [failed = skip, count = skip, ...bodies] = rest;
    const { items, damaged } = decodeRead(
      [[[first, base, records, bytes, ...bodies]], [skip, other], [failed, count]],
      clock,
    );
    return `${items.length > 2} ${damaged.length > 0}`;
  },
};

const letter = (history: string, name = 'a:bob'): Uint8Array =>
  textsOf('1', name, 'ab'.repeat(16), payloadOf(true), '', 'nacked', '9', '3', history, '0');

const deadLetters: FuzzDecoder = {
  name: 'redis-dead-letters',
  seeds: () => [letter('[{"at":1,"reason":"x"}]'), letter('{}'), letter('[{"at":'), letter('[]', 'g:%zz:a.*')],
  decode: (input) => (decodeDeadLetter(readTexts(input)) === undefined ? 'damaged' : 'ok'),
};

const answers: FuzzDecoder = {
  name: 'redis-publish-answers',
  seeds: () => ['17 3', '17 3 0=d5 2=c', '17 3 1=r9 0=u 2=f', '', 'x y 4294967295=d 1'].map((text) => textsOf(text)),
  decode(input) {
    const events = [event('topic:a'), event('agent:b'), event('topic:c')];
    const results = decodeAnswer(String(readTexts(input)[0] ?? ''), events, 'durable');
    return events.map((_, index) => results[index]?.status).join(' ');
  },
};

const SPECS: readonly QueueSpec[] = [
  { kind: 'agent', agentId: 'é:/x' },
  { kind: 'subscription', agentId: 'bob', pattern: 'a.>' },
  { kind: 'group', group: 'g:1', pattern: '*' },
];

const queueNames: FuzzDecoder = {
  name: 'redis-queue-names',
  seeds: () => SPECS.map((spec) => textsOf(queueNameOf(spec))).concat([textsOf('a:%E0%A4%A'), textsOf('')]),
  decode: (input) => queueSpecOf(String(readTexts(input)[0] ?? '')).kind,
};

const subscriptions: FuzzDecoder = {
  name: 'redis-subscription-table',
  seeds: () => [
    textsOf('4', '1', 's:bob:a.>', 'a.>', 'g:g:*', '*'),
    textsOf('4', '1', 's:bob:a.>', 'a.>', 'g:g:a.*', 'a.*'),
    textsOf('5', '0', 's:bob:a.>', '', 'x'),
    textsOf('', '1', 'q', 'a..b.>.*'),
  ],
  decode(input) {
    const table = new SubscriptionTable();
    const texts = readTexts(input).map(String);
    table.apply(texts);
    table.apply(['1', '0', ...texts.slice(2).reverse()]);
    return String(['topic:a.b', 'topic:a', 'agent:bob'].some((to) => table.queuesOf(to).length > 1));
  },
};

/** A link that answers every call with the same. */
const linkOf = (answer: unknown): RedisLink =>
  ({ call: () => Promise.resolve(answer), command: () => Promise.resolve(answer) }) as unknown as RedisLink;

const agents: FuzzDecoder = {
  name: 'redis-agents',
  seeds: () => [textsOf('a', 'a2V5 token 5', `${'A'.repeat(43)}=`), textsOf('a', 'key', 'x'), textsOf('', '')],
  decode(input) {
    const [agentId = '', value = '', key = ''] = readTexts(input).map(String);
    const options = { prefix: 'p:', random: (size: number) => new Uint8Array(size) };
    const of = (answer: unknown): RedisAgentDirectory => new RedisAgentDirectory(linkOf(answer), options);
    return outcomeOfAsync(async () => {
      await of([value, 1]).standing(agentId);
      await of([[agentId, value, 0]]).list({ after: undefined, limit: 10 });
      if ((await of(key).resumeKey()).length !== 32) throw new Error('a key of another size');
    }, ['E_KEY_FILE']);
  },
};

const usage: FuzzDecoder = {
  name: 'redis-usage',
  seeds: () => [textsOf('480', 'bob', '1,2,3,4,5,6,7'), textsOf('x', '', ',,'), textsOf('1', 'a b', '1e400,-1')],
  async decode(input) {
    const [hour = '', agentId = '', counts = ''] = readTexts(input).map(String);
    const answers = [[hour], { [agentId]: counts }];
    const link = { command: () => Promise.resolve(answers.shift()) } as unknown as RedisLink;
    const { items } = await readUsage(link, 'p:', { from: 0, to: 1_000, limit: 10, after: undefined });
    return String(items.every(({ connections }) => Number.isSafeInteger(connections)));
  },
};

export const REDIS_DECODERS: readonly FuzzDecoder[] = [
  ...[payloads, reads, deadLetters, answers, queueNames, subscriptions, agents, usage],
];
