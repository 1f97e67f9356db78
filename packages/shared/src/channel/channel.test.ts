import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { nativeCrypto } from '../crypto-native/index.ts';
import { ProtocolError, StorageError, type ErrorCode } from '../errors/index.ts';
import { ChannelPair } from '../testing/index.ts';
import { DEFAULT_PEER_LIMITS, type PeerLimits } from '../wire/index.ts';
import type { RequestContext } from './index.ts';

const rejections: unknown[] = [];
const onRejection = (error: unknown): number => rejections.push(error);

function channels(announced: Partial<PeerLimits> = {}, highWaterBytes?: number): ChannelPair {
  const settings = { announced: { ...DEFAULT_PEER_LIMITS, ...announced } };
  return new ChannelPair({
    agentCrypto: nativeCrypto,
    serverCrypto: nativeCrypto,
    agent: settings,
    server: settings,
    ...(highWaterBytes === undefined ? {} : { highWaterBytes }),
  });
}

/** What became of a promise: 'waiting', its value, or its code. */
function watch<Value>(promise: Promise<Value>): { state: unknown } {
  const watched: { state: unknown } = { state: 'waiting' };
  promise.then(
    (value) => (watched.state = value ?? 'done'),
    (error: unknown) => (watched.state = error instanceof ProtocolError ? error.code : error),
  );
  return watched;
}

/** A promise and its ends. */
function deferred<Value>(): {
  promise: Promise<Value>;
  resolve: (value: Value) => void;
  reject: (error: unknown) => void;
} {
  return Promise.withResolvers<Value>();
}

/** The code that `act` fails with. */
function codeOf(act: () => unknown): string | undefined {
  try {
    act();
    return undefined;
  } catch (error) {
    return error instanceof ProtocolError ? error.code : String(error);
  }
}

const bytes = (size: number): Uint8Array => Uint8Array.from({ length: size }, (_, index) => index);

describe('Channel', () => {
  beforeAll(() => void process.on('unhandledRejection', onRejection));
  afterAll(async () => {
    await new Promise((resolve) => setTimeout(resolve, 20));
    process.off('unhandledRejection', onRejection);
    expect(rejections).toEqual([]);
  });

  it('A9: handlers answer at once and later, on both sides', async () => {
    const pair = channels();
    pair.server.handlers.handle('now', (request) => `now ${request.text()}`);
    pair.agent.handlers.handle('later', async (request) => {
      await Promise.resolve();
      return { asked: request.text() };
    });
    const [now, later] = [pair.agent.channel.request('now', 'a'), pair.server.channel.request('later', 'b')];
    await pair.settle();
    expect((await now).text()).toBe('now a');
    expect((await later).value()).toEqual({ asked: 'b' });
    expect(pair.server.channel.requestsAtWork).toBe(0);
  });

  const failures: readonly (readonly [string, () => Error, ErrorCode])[] = [
    ['a plain error', () => new Error('secret detail'), 'E_HANDLER_FAILED'],
    ['a refusal', () => new ProtocolError('E_FORBIDDEN', 'secret detail'), 'E_FORBIDDEN'],
    ['a code that may not travel', () => new ProtocolError('E_CLOSED', 'secret detail'), 'E_HANDLER_FAILED'],
    ['a fault of storage', () => new StorageError('E_STORAGE', 'secret detail'), 'E_HANDLER_FAILED'],
  ];
  it.each(failures)(
    'A9: a handler that fails with %s, at once or later, gives a code and no detail',
    async (_name, make, code) => {
      const pair = channels();
      pair.server.handlers.handle('sync', () => {
        throw make();
      });
      pair.server.handlers.handle('async', () => Promise.reject(make()));
      pair.server.handlers.handleStream('stream-sync', () => {
        throw make();
      });
      pair.server.handlers.handleStream('stream-async', () => Promise.reject(make()));
      const asked = ['sync', 'async'].map((name) => watch(pair.agent.channel.request(name)));
      const read = ['stream-sync', 'stream-async'].map((name) => watch(pair.agent.channel.openStream(name).read()));
      await pair.settle();
      expect([...asked, ...read].map(({ state }) => state)).toEqual([code, code, code, code]);
      const sent = pair.pair.agentEvents.filter((event) => event.type === 'response');
      expect(sent.every(({ response }) => response.body.length === 0)).toBe(true);
      expect(pair.pair.server.state).toBe('Open');
    },
  );

  it('A9: a reply that does not fit, and names without a handler, are answered with a code', async () => {
    const pair = channels();
    pair.server.handlers.handle('sync', () => new Uint8Array(200_000));
    pair.server.handlers.handle('async', async () => new Uint8Array(200_000));
    const asked = ['sync', 'async', '__proto__'].map((name) => watch(pair.agent.channel.request(name)));
    await pair.settle();
    expect(asked.map(({ state }) => state)).toEqual(['E_HANDLER_FAILED', 'E_HANDLER_FAILED', 'E_NO_HANDLER']);
    expect(pair.server.handlerErrors).toHaveLength(2);
  });

  it('A9: parts and progress come in order before the last answer; a callback that throws stops nothing', async () => {
    const pair = channels();
    pair.server.handlers.handle('steps', async (_request, context) => {
      for (const step of ['1', '2', '3']) context.progress(step);
      return 'end';
    });
    const parts: string[] = [];
    const reply = pair.agent.channel.request('steps', undefined, {
      onProgress: (part) => {
        parts.push(part.text());
        throw new Error('broken callback');
      },
    });
    await pair.settle();
    expect((await reply).text()).toBe('end');
    expect(parts).toEqual(['1', '2', '3']);
    expect(pair.agent.handlerErrors).toHaveLength(3);
  });

  it('A9: a cancel aborts the signal of the handler; its late reply goes nowhere', async () => {
    const pair = channels();
    const reply = deferred<string>();
    let context: RequestContext<string> | undefined;
    pair.server.handlers.handle('slow', (_request, given) => {
      context = given;
      return reply.promise;
    });
    const abort = new AbortController();
    const asked = watch(pair.agent.channel.request('slow', undefined, { signal: abort.signal }));
    await pair.settle();
    expect(context!.signal.aborted).toBe(false);
    abort.abort();
    await pair.settle();
    expect(asked.state).toBe('E_CANCELLED');
    expect(context!.signal.aborted).toBe(true);
    expect(context!.progress('late')).toBe(false);
    reply.resolve('late');
    await pair.settle();
    expect(pair.pair.seen('agent', 'response')).toEqual([]);
    expect(watch(pair.agent.channel.request('slow', undefined, { signal: abort.signal })).state).toBe('waiting');
    expect(pair.pair.server.requestsInFlight.incoming).toBe(0);
  });

  it('A9: a request times out to the millisecond, at both ends', async () => {
    const pair = channels();
    let context: RequestContext<string> | undefined;
    pair.server.handlers.handle('never', (_request, given) => {
      context = given;
      return new Promise(() => undefined);
    });
    const asked = watch(pair.agent.channel.request('never', undefined, { timeoutMs: 700 }));
    await pair.settle();
    await pair.pass(699);
    expect(asked.state).toBe('waiting');
    await pair.pass(1);
    expect(asked.state).toBe('E_TIMEOUT');
    expect(context!.signal.reason).toMatchObject({ code: 'E_TIMEOUT' });
    expect(pair.server.channel.requestsAtWork).toBe(0);
  });

  it('A9: beyond the limit of the peer requests wait in order; a bad one in the queue stops nobody', async () => {
    const pair = channels({ requestsInFlightMax: 2 });
    const order: string[] = [];
    const replies: (() => void)[] = [];
    pair.server.handlers.handle('work', (request) => {
      order.push(request.text());
      const { promise, resolve } = deferred<string>();
      replies.push(() => resolve(request.text()));
      return promise;
    });
    const asked = ['a', 'b', 'c', 'd', 'e'].map((text) => watch(pair.agent.channel.request('work', text)));
    const tooLarge = watch(pair.agent.channel.request('work', new Uint8Array(200_000)));
    const last = watch(pair.agent.channel.request('work', 'last'));
    for (let count = 0; count < 6; count++) {
      await pair.settle();
      expect(pair.pair.server.requestsInFlight.incoming).toBeLessThanOrEqual(2);
      replies.shift()?.();
    }
    await pair.settle();
    expect(order).toEqual(['a', 'b', 'c', 'd', 'e', 'last']);
    expect(asked.every(({ state }) => state !== 'waiting')).toBe(true);
    expect(tooLarge.state).toBeInstanceOf(RangeError);
    expect(last.state).not.toBe('waiting');
  });

  it('A9: a queued request can be aborted, and its time runs while it waits', async () => {
    const pair = channels({ requestsInFlightMax: 1 });
    const reply = deferred<string>();
    const seen: string[] = [];
    pair.server.handlers.handle('work', (request) => {
      seen.push(request.text());
      return reply.promise;
    });
    const abort = new AbortController();
    const first = watch(pair.agent.channel.request('work', 'first'));
    const aborted = watch(pair.agent.channel.request('work', 'aborted', { signal: abort.signal }));
    const late = watch(pair.agent.channel.request('work', 'late', { timeoutMs: 100 }));
    await pair.settle();
    abort.abort();
    await pair.settle();
    expect([first.state, aborted.state, late.state]).toEqual(['waiting', 'E_CANCELLED', 'waiting']);
    await pair.pass(200);
    expect(late.state).toBe('E_TIMEOUT');
    reply.resolve('done');
    await pair.settle();
    expect(seen).toEqual(['first']);
  });

  it('2.1.12: the queue of waiting requests is bounded, and a signal is let go when its request is over', async () => {
    const pair = channels({ requestsInFlightMax: 1 });
    const queued = Array.from({ length: 8_194 }, () => watch(pair.agent.channel.request('none')));
    await Promise.resolve();
    await Promise.resolve();
    expect(queued.filter(({ state }) => state === 'E_BUSY')).toHaveLength(1);
    const other = channels();
    other.server.handlers.handle('echo', (request) => request.body);
    const abort = new AbortController();
    const counts = { added: 0, removed: 0 };
    const signal = new Proxy(abort.signal, {
      get(target, key) {
        if (key === 'addEventListener') return () => void (counts.added += 1);
        if (key === 'removeEventListener') return () => void (counts.removed += 1);
        return Reflect.get(target, key, target) as unknown;
      },
    });
    const asked = [1, 2, 3].map(() => other.agent.channel.request('echo', 'x', { signal }));
    await other.settle();
    await Promise.all(asked);
    expect(counts).toEqual({ added: 3, removed: 3 });
  });

  it('2.1.14: the end of the connection rejects and wakes everyone who waits, once', async () => {
    const pair = channels({ requestsInFlightMax: 1, streamWindowBytes: 10 }, 1_000);
    const never = new Promise<string>(() => undefined);
    let context: RequestContext<string> | undefined;
    pair.server.handlers.handle('never', (_request, given) => {
      context = given;
      return never;
    });
    pair.server.handlers.handleStream('sink', () => never.then(() => undefined));
    const stream = pair.agent.channel.openStream('sink');
    const waits = [
      watch(pair.agent.channel.request('never')),
      watch(pair.agent.channel.request('never')),
      watch(stream.write(bytes(100))),
      watch(stream.read()),
    ];
    await pair.settle();
    pair.agent.unsentBytes = 1_000;
    waits.push(watch(pair.agent.channel.drained()), watch(pair.agent.channel.notify('told', 'x')!));
    await pair.settle();
    expect(waits.map(({ state }) => state)).toEqual(Array(6).fill('waiting'));
    pair.pair.agent.transportEnded();
    pair.pair.server.transportEnded();
    await pair.settle();
    expect(waits.map(({ state }) => state)).toEqual(['E_CLOSED', 'E_CLOSED', 'E_CLOSED', 'E_CLOSED', 'done', 'done']);
    expect(context!.signal.reason).toMatchObject({ code: 'E_CLOSED' });
    expect(pair.server.channel.requestsAtWork).toBe(0);
    const after = [watch(pair.agent.channel.request('x')), watch(stream.write(bytes(1))), watch(stream.read())];
    await pair.settle();
    expect(after.map(({ state }) => state)).toEqual(['E_CLOSED', 'E_CLOSED', 'E_CLOSED']);
    expect(codeOf(() => pair.agent.channel.notify('x'))).toBe('E_CLOSED');
    expect(codeOf(() => pair.agent.channel.openStream('x'))).toBe('E_CLOSED');
    await pair.agent.channel.drained();
  });

  it('B13: notification handlers at work make the owner pause, and it goes on when they are done', async () => {
    const pair = channels();
    const work = deferred<undefined>();
    pair.server.handlers.handleNotification('told', () => work.promise);
    pair.server.handlers.handleNotification('broken', () => {
      throw new Error('sync');
    });
    pair.server.handlers.handleNotification('rejected', () => Promise.reject(new Error('async')));
    for (const name of ['broken', 'rejected', 'unknown']) void pair.agent.channel.notify(name, 'x');
    for (let count = 0; count < 1_023; count++) void pair.agent.channel.notify('told', 'x');
    await pair.settle();
    expect(pair.server.handlerErrors).toHaveLength(2);
    expect(pair.server.channel.wantsPause).toBe(false);
    void pair.agent.channel.notify('told', 'x');
    await pair.settle();
    expect(pair.server.channel.wantsPause).toBe(true);
    work.resolve(undefined);
    await pair.settle();
    expect(pair.server.channel.wantsPause).toBe(false);
  });
});
