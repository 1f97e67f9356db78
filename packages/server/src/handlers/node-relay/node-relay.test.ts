import { beforeEach, describe, expect, it } from '@jest/globals';
import {
  IncomingRequest,
  ReceivedContent,
  encodeContent,
  type Content,
  type RequestOptions,
} from '@sealane/shared/channel';
import { ERRORS, ProtocolError, type ErrorCode } from '@sealane/shared/errors';
import { InboundBudget } from '../../limits/index.ts';
import { MemoryNodeWay } from '../../store/index.ts';
import { decodeNodeMessage, encodeNodeMessage, type NodeMessage } from './node-message.ts';
import { NodeRelay, type NodeRelayOptions } from './node-relay.ts';
import type { AskedChannel } from './served-nodes.ts';

/** Timers that run when the test says so. */
class ManualClock {
  nowMs = 0;
  readonly #timers = new Set<{ readonly at: number; readonly run: () => void }>();

  readonly now = (): number => this.nowMs;

  readonly schedule = (delayMs: number, run: () => void) => {
    const timer = { at: this.nowMs + delayMs, run };
    this.#timers.add(timer);
    return { cancel: () => void this.#timers.delete(timer) };
  };

  get timers(): number {
    return this.#timers.size;
  }

  async pass(ms: number): Promise<void> {
    const end = this.nowMs + ms;
    for (;;) {
      await settle();
      const [next] = [...this.#timers].filter(({ at }) => at <= end).sort((left, right) => left.at - right.at);
      if (next === undefined) break;
      this.nowMs = next.at;
      this.#timers.delete(next);
      next.run();
    }
    this.nowMs = end;
  }
}

/** Lets promises and messages come to their end. */
const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** An agent that was asked, and what the test does with what it was asked. */
interface Work {
  readonly name: string;
  readonly content: ReceivedContent;
  readonly options: RequestOptions;
  readonly answer: (content: Content) => void;
  readonly fail: (error: Error) => void;
}

/** The channel of an agent: what it is asked waits for the test. */
class FakeChannel implements AskedChannel {
  unsentBytes = 0;
  readonly works: Work[] = [];

  request(name: string, content: Content, options: RequestOptions = {}): Promise<ReceivedContent> {
    return new Promise((resolve, reject) => {
      options.signal?.addEventListener('abort', () => reject(new ProtocolError('E_CANCELLED')));
      const answer = (reply: Content): void => resolve(received(reply));
      this.works.push({ name, content: content as ReceivedContent, options, answer, fail: reject });
    });
  }

  get last(): Work {
    return this.works.at(-1)!;
  }
}

function received(content: Content): ReceivedContent {
  const { body, contentType } = encodeContent(content);
  return new ReceivedContent(body, contentType);
}

let way: MemoryNodeWay;
let clock: ManualClock;
let budget: InboundBudget;
/** Where the store says that agents are. */
let places: Map<string, string>;
let faults: unknown[];
let bob: FakeChannel;
let one: NodeRelay;
let two: NodeRelay;

async function node(name: string, options: Partial<NodeRelayOptions> = {}): Promise<NodeRelay> {
  const relay = new NodeRelay({
    bus: way.bus(name),
    nodeOf: (agentId) => Promise.resolve(places.get(agentId)),
    channelTo: (agentId) => (name === 'two' && agentId === 'bob' ? bob : undefined),
    unsentBytesMax: () => 1_000,
    inbound: budget,
    limits: { relaysPerNodeMax: 3, relayBytesPerNodeMax: 1_000 },
    environment: clock,
    onFault: (error) => faults.push(error),
    ...options,
  });
  await relay.open();
  return relay;
}

function request(content: Content = 'it'): IncomingRequest {
  const { body, contentType } = encodeContent(content);
  const fields = { requestId: 1, name: 'work', body, contentType, timeoutMs: 0, to: 'agent:bob', from: null };
  return new IncomingRequest({ id: 0x20, ...fields });
}

/** What becomes of a request of ada at node one: 'waiting', its answer, or its code. */
function ask(
  options: RequestOptions = {},
  { content, agentId = 'bob' }: { readonly content?: Content; readonly agentId?: string } = {},
): { state: string } {
  const asked = { state: 'waiting' };
  one.request(agentId, request(content), { from: 'agent:ada', ...options }).then(
    (reply) => (asked.state = reply.text()),
    (error: unknown) => (asked.state = error instanceof ProtocolError ? error.code : String(error)),
  );
  return asked;
}

/** Sends as a node that the test plays. */
async function send(to: string, bytes: Uint8Array): Promise<void> {
  await way.bus('test').send(to, bytes);
  await settle();
}

function decoded(bytes: Uint8Array): NodeMessage {
  return decodeNodeMessage(bytes).message!;
}

const underWay = (): readonly number[] => [one.counts.asked, two.counts.served, budget.counts.bytes];

beforeEach(async () => {
  way = new MemoryNodeWay();
  clock = new ManualClock();
  budget = new InboundBudget(1_000_000);
  places = new Map([['bob', 'two']]);
  faults = [];
  bob = new FakeChannel();
  one = await node('one');
  two = await node('two');
});

describe('relay between nodes', () => {
  it('H4, A7: content, sender and what is left of the time go there; parts and the answer come back; nothing stays', async () => {
    const parts: string[] = [];
    places.delete('bob');
    const found = Promise.withResolvers<string>();
    one = await node('one', { nodeOf: () => found.promise });
    const asked = ask({ timeoutMs: 5_000, onProgress: (part) => parts.push(part.text()) });
    await clock.pass(400);
    found.resolve('two');
    await settle();
    expect(bob.last).toMatchObject({ name: 'work', options: { from: 'agent:ada', timeoutMs: 4_600 } });
    expect(bob.last.content).toMatchObject({ contentType: 'text/plain' });
    expect(underWay()).toEqual([1, 1, 2]);
    bob.last.options.onProgress?.(received('half'));
    bob.last.options.onProgress?.(received('nearly'));
    await settle();
    expect([parts, asked.state]).toEqual([['half', 'nearly'], 'waiting']);
    bob.last.answer('done');
    await settle();
    expect(asked.state).toBe('done');
    expect(underWay()).toEqual([0, 0, 0]);
    await clock.pass(2_000);
    expect([clock.timers, faults]).toEqual([0, []]);
  });

  it('A7: without a deadline none goes there; one that is over before its agent was found is E_TIMEOUT', async () => {
    ask();
    await settle();
    expect(bob.last.options.timeoutMs).toBe(0);
    const found = Promise.withResolvers<string>();
    one = await node('one', { nodeOf: () => found.promise });
    const late = ask({ timeoutMs: 100 });
    await clock.pass(150);
    found.resolve('two');
    await settle();
    expect([late.state, bob.works.length]).toEqual(['E_TIMEOUT', 1]);
  });

  it.each<[thrown: Error, told: ErrorCode]>([
    [new ProtocolError('E_NO_HANDLER'), 'E_NO_HANDLER'],
    [new ProtocolError('E_TIMEOUT'), 'E_TIMEOUT'],
    [new ProtocolError('E_REPLACED'), 'E_NOT_CONNECTED'],
    [new ProtocolError('E_CLOSED'), 'E_NOT_CONNECTED'],
    [new TypeError('a fault'), 'E_HANDLER_FAILED'],
  ])('A8: %s is told as %s', async (thrown, told) => {
    const asked = ask();
    await settle();
    bob.last.fail(thrown);
    await settle();
    expect([asked.state, underWay()]).toEqual([told, [0, 0, 0]]);
  });

  it('A7: a cancel reaches the agent, and whoever gives up before it was found asks nobody', async () => {
    const controller = new AbortController();
    const asked = ask({ signal: controller.signal });
    await settle();
    controller.abort();
    await settle();
    expect([asked.state, bob.last.options.signal?.aborted, underWay()]).toEqual(['E_CANCELLED', true, [0, 0, 0]]);
    const early = new AbortController();
    const never = ask({ signal: early.signal });
    early.abort();
    await clock.pass(1_000);
    expect([never.state, bob.works.length, clock.timers]).toEqual(['E_CANCELLED', 1, 0]);
  });

  it('H4: an agent that is nowhere, here, gone from its node, or at a node that is gone is not connected', async () => {
    places = new Map([
      ['here', 'one'],
      ['left', 'two'],
      ['lost', 'three'],
    ]);
    const asked = ['nowhere', 'here', 'left', 'lost'].map((agentId) => ask({}, { agentId }));
    await settle();
    expect(asked.map(({ state }) => state)).toEqual(asked.map(() => 'E_NOT_CONNECTED'));
    one = await node('one', { nodeOf: () => Promise.reject(new Error('no store')) });
    const failed = ask();
    await settle();
    expect([failed.state, one.counts.asked]).toEqual(['E_NOT_CONNECTED', 0]);
  });

  it('M2: a store that does not answer is waited for only so long, and by so many', async () => {
    one = await node('one', { nodeOf: () => new Promise(() => undefined) });
    const waiting = Array.from({ length: 1_024 }, (_, index) => ask({}, { agentId: `agent-${index}` }));
    const more = [ask({}, { agentId: 'one-more' }), ask({}, { agentId: 'agent-0' })];
    await settle();
    expect(more.map(({ state }) => state)).toEqual(['E_BUSY', 'waiting']);
    await clock.pass(3_000);
    expect(new Set(waiting.map(({ state }) => state))).toEqual(new Set(['E_NOT_CONNECTED']));
    expect(clock.timers).toBe(0);
  });
});

describe('limits of a relay between nodes', () => {
  it('B13: so many requests, and so many bytes, may be under way to one node', async () => {
    const asked = [ask(), ask(), ask(), ask()];
    await settle();
    expect(asked.map(({ state }) => state)).toEqual(['waiting', 'waiting', 'waiting', 'E_BUSY']);
    for (const work of bob.works) work.answer('done');
    await settle();
    const large = [900, 200, 100].map((size) => ask({}, { content: new Uint8Array(size) }));
    await settle();
    expect(large.map(({ state }) => state)).toEqual(['waiting', 'E_BUSY', 'waiting']);
  });

  it('B13: a node takes so many of another, and no more than its memory has room for, whatever the other thinks', async () => {
    one = await node('one', { limits: { relaysPerNodeMax: 100, relayBytesPerNodeMax: 1_000_000 } });
    const many = [ask(), ask(), ask(), ask()];
    const large = ask({}, { content: new Uint8Array(2_000) });
    await settle();
    expect(many.map(({ state }) => state)).toEqual(['waiting', 'waiting', 'waiting', 'E_BUSY']);
    expect([large.state, underWay()]).toEqual(['E_BUSY', [3, 3, 6]]);
    two = await node('two', {
      inbound: new InboundBudget(0),
      limits: { relaysPerNodeMax: 9, relayBytesPerNodeMax: 1e6 },
    });
    const refused = [16_384, 16_385].map((size) => ask({}, { content: new Uint8Array(size) }));
    await settle();
    expect(refused.map(({ state }) => state)).toEqual(['waiting', 'E_BUSY']);
  });

  it('B3: an agent that does not read, and a way that is full, are E_BUSY in both directions; small things still go', async () => {
    bob.unsentBytes = 1_000;
    const deaf = ask();
    await settle();
    bob.unsentBytes = 0;
    way.buses.get('one')!.isFull = true;
    const full = ask();
    await settle();
    expect([deaf.state, full.state, bob.works.length]).toEqual(['E_BUSY', 'E_BUSY', 0]);
    way.buses.get('one')!.isFull = false;
    const [part, reply] = [ask(), ask()];
    await settle();
    way.buses.get('two')!.isFull = true;
    bob.works[0]?.options.onProgress?.(received('half'));
    bob.works[1]?.answer('done');
    await settle();
    expect([part.state, reply.state, underWay()]).toEqual(['E_BUSY', 'E_BUSY', [0, 0, 0]]);
    expect(bob.works[0]?.options.signal?.aborted).toBe(true);
  });
});

describe('faults of the way between nodes', () => {
  it('M6: a request, an answer or a part that gets lost ends it; nothing is answered twice', async () => {
    const kindOf = (message: Uint8Array): number | undefined => message[2 + (message[1] ?? 0)];
    const [requestKind, responseKind] = [1, 2];
    way.loses = (_to, message) => kindOf(message) === requestKind;
    const unasked = ask();
    await settle();
    way.loses = (_to, message) => kindOf(message) === responseKind;
    const unanswered = ask();
    await settle();
    bob.last.answer('lost');
    await settle();
    way.loses = () => false;
    const parts: string[] = [];
    const torn = ask({ onProgress: (part) => parts.push(part.text()) });
    await settle();
    const work = bob.last;
    way.loses = () => true;
    work.options.onProgress?.(received('lost'));
    await settle();
    way.loses = () => false;
    work.options.onProgress?.(received('second'));
    await settle();
    expect([torn.state, parts, work.options.signal?.aborted]).toEqual(['E_NOT_CONNECTED', [], true]);
    expect([unasked.state, unanswered.state]).toEqual(['waiting', 'waiting']);
    await clock.pass(1_000);
    expect([unasked.state, unanswered.state, underWay()]).toEqual(['E_NOT_CONNECTED', 'E_NOT_CONNECTED', [0, 0, 0]]);
  });

  it('M7: a node that is gone ends what was asked there at the next look, and what it asked', async () => {
    const asked = ask();
    await settle();
    way.buses.delete('two');
    await clock.pass(1_000);
    expect([asked.state, one.counts.asked]).toEqual(['E_NOT_CONNECTED', 0]);
    // The same seen from the other side: the asker's node is gone.
    expect(two.counts.served).toBe(1);
    bob.last.options.onProgress?.(received('to nobody'));
    way.buses.delete('one');
    await clock.pass(11_000);
    expect([bob.last.options.signal?.aborted, underWay(), clock.timers]).toEqual([true, [0, 0, 0], 0]);
  });

  it('M7: a part for a node that is gone gives the request up at once', async () => {
    ask();
    await settle();
    way.buses.delete('one');
    bob.last.options.onProgress?.(received('to nobody'));
    await settle();
    expect([bob.last.options.signal?.aborted, two.counts.served]).toEqual([true, 0]);
  });

  it('M3: while the way is gone nothing new is asked; a node that is silent for long is given up, one that is back goes on', async () => {
    const [short, long] = [ask(), ask()];
    await settle();
    way.isAway = true;
    const refused = ask();
    await clock.pass(3_000);
    way.isAway = false;
    await clock.pass(1_000);
    bob.works[0]?.answer('after all');
    await settle();
    expect([refused.state, short.state, long.state]).toEqual(['E_NOT_CONNECTED', 'after all', 'waiting']);
    way.isAway = true;
    await clock.pass(7_000);
    expect([long.state, one.counts.asked]).toEqual(['E_NOT_CONNECTED', 0]);
    bob.works[1]?.answer('too late');
    await settle();
    expect([long.state, two.counts.served]).toEqual(['E_NOT_CONNECTED', 0]);
  });

  it('M7: a cancel that gets lost is noticed by the next look at something else', async () => {
    const controller = new AbortController();
    ask({ signal: controller.signal });
    const other = ask();
    await settle();
    way.loses = () => true;
    controller.abort();
    await settle();
    way.loses = () => false;
    expect(two.counts.served).toBe(2);
    await clock.pass(1_000);
    expect([bob.works[0]?.options.signal?.aborted, other.state, underWay()]).toEqual([true, 'waiting', [1, 1, 2]]);
  });

  it('O1: a node that ends tells those who wait for it, and gives up what it waits for; twice is harmless', async () => {
    const asked = ask();
    await settle();
    await two.close();
    await two.close();
    await settle();
    expect([asked.state, bob.last.options.signal?.aborted]).toEqual(['E_NOT_CONNECTED', true]);
    two = await node('two');
    const own = ask();
    await settle();
    await one.close();
    await settle();
    expect([own.state, bob.last.options.signal?.aborted]).toEqual(['E_NOT_CONNECTED', true]);
    const late = ask();
    await clock.pass(1_000);
    expect([late.state, underWay(), clock.timers]).toEqual(['E_NOT_CONNECTED', [0, 0, 0], 0]);
  });
});

describe('what other nodes send', () => {
  it('D1: what is no message, or should not have come, is dropped and counted; the node goes on', async () => {
    const asked = ask();
    await settle();
    for (const bytes of [new Uint8Array(0), Uint8Array.of(1, 1, 97, 9), new Uint8Array(300).fill(255, 2)])
      await send('two', bytes);
    const again: NodeMessage = {
      kind: 'request',
      request: {
        requestId: 1,
        name: 'x',
        body: new Uint8Array(0),
        contentType: null,
        timeoutMs: 0,
        to: 'agent:bob',
        from: 'agent:ada',
      },
    };
    await send('two', encodeNodeMessage('one', again));
    await send('two', encodeNodeMessage('three', { kind: 'cancel', requestId: 1 }));
    await send('two', encodeNodeMessage('three', { kind: 'look', requestIds: [] }));
    await send('one', encodeNodeMessage('three', { kind: 'here', requestIds: [1] }));
    const response = { requestId: 1, status: 0, last: true, body: new Uint8Array(0), contentType: null, code: 0 };
    await send('one', encodeNodeMessage('three', { kind: 'response', number: 1, response }));
    expect(two.counts.dropped).toEqual({ version: 0, malformed: 3, unexpected: 1 });
    expect([asked.state, bob.works.length, faults]).toEqual(['waiting', 1, []]);
  });

  it('A9, A8: without a sender, with a wrong address, or with a code that does not travel', async () => {
    const told: NodeMessage[] = [];
    const seen = way.bus('three');
    await seen.open((bytes) => void told.push(decoded(bytes)));
    const fields = { requestId: 5, name: 'x', body: new Uint8Array(0), contentType: null, timeoutMs: 0 };
    for (const request of [
      { ...fields, to: 'agent:bob', from: null },
      { ...fields, to: 'bob', from: 'agent:ada' },
    ])
      await send('two', encodeNodeMessage('three', { kind: 'request', request }));
    const refused = { response: { code: ERRORS.E_BAD_REQUEST.number } };
    expect(told).toMatchObject([refused, refused]);
    places.set('eve', 'three');
    const asked = ask({}, { agentId: 'eve' });
    await settle();
    const response = {
      requestId: 1,
      status: 1,
      last: true,
      body: new Uint8Array(0),
      contentType: null,
      code: ERRORS.E_IDLE.number,
    };
    await send('one', encodeNodeMessage('three', { kind: 'response', number: 1, response }));
    expect([asked.state, bob.works.length]).toEqual(['E_HANDLER_FAILED', 0]);
  });

  it('S11: a node of another version is told so, and whoever asks it is not left to wait', async () => {
    const told: NodeMessage[] = [];
    await way.bus('new').open((bytes) => void told.push(decoded(bytes)));
    const bytes = encodeNodeMessage('new', { kind: 'cancel', requestId: 1 });
    bytes[0] = 2;
    await send('two', bytes);
    expect([told, two.counts.dropped.version]).toEqual([[{ kind: 'other-version' }], 1]);
    places.set('eve', 'new');
    const asked = ask({}, { agentId: 'eve' });
    await settle();
    await send('one', encodeNodeMessage('new', { kind: 'other-version' }));
    expect([asked.state, one.counts.asked, told.length]).toEqual(['E_NOT_CONNECTED', 0, 2]);
  });
});
