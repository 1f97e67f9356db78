import { describe, expect, it } from '@jest/globals';
import { concat } from '../bytes/index.ts';
import { nativeCrypto } from '../crypto-native/index.ts';
import { ProtocolError } from '../errors/index.ts';
import { ChannelPair } from '../testing/index.ts';
import { DEFAULT_PEER_LIMITS, type PeerLimits } from '../wire/index.ts';
import type { ChannelStream } from './index.ts';

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

function watch<Value>(promise: Promise<Value>): { state: unknown } {
  const watched: { state: unknown } = { state: 'waiting' };
  promise.then(
    (value) => (watched.state = value ?? 'done'),
    (error: unknown) => (watched.state = error instanceof ProtocolError ? error.code : error),
  );
  return watched;
}

let names = 0;

/** A stream from the agent and its end at the server. */
async function streamPair(pair: ChannelPair): Promise<{ from: ChannelStream; to: ChannelStream }> {
  let to: ChannelStream | undefined;
  const name = `stream ${String(names++)}`;
  pair.server.handlers.handleStream(name, (stream) => {
    to = stream;
  });
  const from = pair.agent.channel.openStream(name);
  await pair.settle();
  return { from, to: to! };
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

/** Everything up to the end of a stream. */
async function readAll(stream: ChannelStream): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  for await (const piece of stream) pieces.push(piece);
  return concat(...pieces);
}

describe('ChannelStream', () => {
  it('A5 A6: carries more than its window, in order, to an end that both see', async () => {
    const pair = channels({ streamWindowBytes: 1_000, connectionWindowBytes: 1_500 });
    const { from, to } = await streamPair(pair);
    const sent = bytes(50_000);
    const writing = from.write(sent).then(() => from.end());
    const reading = readAll(to);
    for (let count = 0; count < 20; count++) await pair.settle();
    await writing;
    expect(Buffer.compare(await reading, sent)).toBe(0);
    to.end();
    await pair.settle();
    expect([pair.pair.agent.streamsOpen, pair.pair.server.streamsOpen]).toEqual([0, 0]);
    expect(await from.read()).toBeUndefined();
  });

  it('A6: a writer waits for credit, and for a connection that is congested', async () => {
    const pair = channels({ streamWindowBytes: 100 }, 5_000);
    const { from, to } = await streamPair(pair);
    const waiting = watch(from.write(bytes(150)));
    await pair.settle();
    expect([waiting.state, pair.pair.server.unconsumedBytes]).toEqual(['waiting', 100]);
    await to.read();
    await pair.settle();
    expect(waiting.state).toBe('done');
    while (pair.pair.server.unconsumedBytes > 0) await to.read();
    await pair.settle();
    pair.agent.unsentBytes = 5_000;
    const congested = watch(from.write(bytes(10)));
    await pair.settle();
    pair.agent.channel.onDrain();
    await pair.settle();
    expect(congested.state).toBe('waiting');
    pair.agent.unsentBytes = 0;
    pair.agent.channel.onDrain();
    await pair.settle();
    expect(congested.state).toBe('done');
  });

  it('A5: leaving the loop early resets the stream at both ends and gives its credit back', async () => {
    const pair = channels({ streamWindowBytes: 1_000, connectionWindowBytes: 1_000 });
    const { from, to } = await streamPair(pair);
    const writing = watch(from.write(bytes(5_000)));
    await pair.settle();
    for await (const piece of to) {
      expect(piece.length).toBeGreaterThan(0);
      break;
    }
    await pair.settle();
    expect(writing.state).toBe('E_CANCELLED');
    expect(pair.pair.server.unconsumedBytes).toBe(0);
    expect(pair.pair.server.streamsOpen).toBe(0);
  });

  it('A6: unread bytes of streams that are given up never cost the connection its credit', async () => {
    const pair = channels({ streamWindowBytes: 1_000, connectionWindowBytes: 3_000 });
    for (let count = 0; count < 20; count++) {
      const { from, to } = await streamPair(pair);
      const writing = watch(from.write(bytes(800)));
      from.end();
      to.end();
      await pair.settle();
      expect(writing.state).toBe('done');
      if (count % 3 === 0) to.reset('E_CANCELLED');
      else if (count % 3 === 1) for await (const piece of to) if (piece.length > 0) break;
      if (count % 3 === 2) await readAll(to);
      await pair.settle();
      expect(pair.pair.server.unconsumedBytes).toBe(0);
    }
  });

  it('A6: bytes behind an open that is refused, or that the handler resets at once, give their credit back', async () => {
    const pair = channels({ streamWindowBytes: 1_000, connectionWindowBytes: 3_000 });
    pair.server.handlers.handleStream('reset', (stream) => stream.reset('E_CANCELLED'));
    for (let count = 0; count < 20; count++) {
      const stream = pair.agent.channel.openStream(count % 2 === 0 ? 'nobody' : 'reset');
      const writing = watch(stream.write(bytes(900)));
      await pair.settle();
      expect([count, writing.state]).toEqual([count, 'done']);
      await expect(stream.read()).rejects.toMatchObject({ code: count % 2 === 0 ? 'E_STREAM_REFUSED' : 'E_CANCELLED' });
      expect(pair.pair.server.unconsumedBytes).toBe(0);
    }
  });

  it('A17: what came before an orderly end of the connection can still be read', async () => {
    const pair = channels();
    const whole = await streamPair(pair);
    const partial = await streamPair(pair);
    for (const { from } of [whole, partial]) await from.write(bytes(1_000));
    whole.from.end();
    pair.pair.agent.close(pair.pair.now);
    await pair.settle();
    expect(await readAll(whole.to)).toEqual(bytes(1_000));
    expect(await partial.to.read()).toEqual(bytes(1_000));
    await expect(partial.to.read()).rejects.toMatchObject({ code: 'E_CLOSED' });
    await expect(whole.to.write(bytes(1))).rejects.toMatchObject({ code: 'E_CLOSED' });
  });

  it('A5: a reset by the peer drops what was not read, at both ends, with its code', async () => {
    const pair = channels();
    const { from, to } = await streamPair(pair);
    await from.write(bytes(100));
    await pair.settle();
    from.reset('E_FILE_CHANGED');
    await pair.settle();
    await expect(to.read()).rejects.toMatchObject({ code: 'E_FILE_CHANGED' });
    await expect(from.read()).rejects.toMatchObject({ code: 'E_FILE_CHANGED' });
    expect(pair.pair.server.unconsumedBytes).toBe(0);
  });

  it('2.1.14: an end wakes a writer that still waits; a second reader is told, the first goes on', async () => {
    const pair = channels({ streamWindowBytes: 10 });
    const { from, to } = await streamPair(pair);
    const writing = watch(from.write(bytes(100)));
    await pair.settle();
    from.end();
    await pair.settle();
    expect(writing.state).toBe('E_CLOSED');
    while (pair.pair.server.unconsumedBytes > 0) await to.read();
    expect(await to.read()).toBeUndefined();
    const first = watch(from.read());
    const second = watch(from.read());
    await pair.settle();
    expect(second.state).toBeInstanceOf(TypeError);
    await to.write(bytes(3));
    await pair.settle();
    expect(first.state).toEqual(bytes(3));
  });

  it('2.1.11: past the limit of the peer a stream is refused here, with a code', () => {
    const pair = channels({ streamsMax: 2 });
    pair.agent.channel.openStream('a');
    pair.agent.channel.openStream('b');
    expect(codeOf(() => pair.agent.channel.openStream('c'))).toBe('E_STREAM_LIMIT');
  });
});

describe('A stream that is given up at once', () => {
  it('2.1.11: starts no handler: thousands of opens and resets in one read cost nothing', async () => {
    const pair = channels();
    let started = 0;
    pair.server.handlers.handleStream('costly', () => {
      started += 1;
    });
    for (let round = 0; round < 2_000; round++) pair.agent.channel.openStream('costly').reset('E_CANCELLED');
    await pair.settle();
    expect(started).toBe(0);
    expect(pair.server.channel.session.streamsOpen).toBe(0);
    pair.agent.channel.openStream('costly');
    await pair.settle();
    expect(started).toBe(1);
  });
});
