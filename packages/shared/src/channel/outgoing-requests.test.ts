import { describe, expect, it } from '@jest/globals';
import { nativeCrypto } from '../crypto-native/index.ts';
import type { ProtocolError } from '../errors/index.ts';
import { ChannelPair } from '../testing/index.ts';
import { DEFAULT_PEER_LIMITS } from '../wire/index.ts';

/** Two channels whose requests never end, one at a time; what became of each is noted with the time. */
function oneAtATime() {
  const settings = { announced: { ...DEFAULT_PEER_LIMITS, requestsInFlightMax: 1 } };
  const both = { agentCrypto: nativeCrypto, serverCrypto: nativeCrypto, agent: settings, server: settings };
  const pair = new ChannelPair(both);
  const first = Promise.withResolvers<string>();
  const seen: string[] = [];
  pair.server.handlers.handle('work', (request) => {
    seen.push(request.text());
    return seen.length === 1 ? first.promise : 'done';
  });
  const startedAt = pair.pair.now;
  const ends: string[] = [];
  const ask = (name: string, timeoutMs: number, signal?: AbortSignal): void => {
    const asked = pair.agent.channel.request('work', name, { timeoutMs, ...(signal && { signal }) });
    const note = (how: string) => void ends.push(`${name} ${how} at ${pair.pair.now - startedAt}`);
    asked.then(
      (reply) => note(reply.text()),
      (error: unknown) => note((error as ProtocolError).code),
    );
  };
  return { pair, ask, ends, seen, answerFirst: () => first.resolve('done') };
}

describe('requests that wait for room', () => {
  it('A9: each times out at its own time though no slot frees, and the session wants to be woken for it', async () => {
    const { pair, ask, ends, seen } = oneAtATime();
    ask('in flight', 0);
    ask('slow', 300);
    ask('quick', 100);
    ask('patient', 0);
    await pair.settle();
    expect(pair.pair.agent.wantsTimeoutAt).toBe(pair.pair.now + 100);
    await pair.pass(99);
    expect(ends).toEqual([]);
    await pair.pass(1);
    expect(ends).toEqual(['quick E_TIMEOUT at 100']);
    expect(pair.pair.agent.wantsTimeoutAt).toBe(pair.pair.now + 200);
    await pair.pass(200);
    expect(ends).toEqual(['quick E_TIMEOUT at 100', 'slow E_TIMEOUT at 300']);
    await pair.pass(10_000);
    expect(ends).toHaveLength(2);
    expect(seen).toEqual(['in flight']);
  });

  it('A9: those before and after one that timed out are sent when a slot frees, with the time that is left', async () => {
    const { pair, ask, ends, seen, answerFirst } = oneAtATime();
    ask('in flight', 0);
    ask('before', 500);
    ask('over', 100);
    ask('after', 500);
    await pair.pass(100);
    answerFirst();
    await pair.settle();
    expect(seen).toEqual(['in flight', 'before', 'after']);
    expect(ends).toEqual(['over E_TIMEOUT at 100', 'in flight done at 100', 'before done at 100', 'after done at 100']);
    const sent = pair.pair.serverEvents.filter((event) => event.type === 'request');
    expect(sent.map(({ request }) => request.timeoutMs)).toEqual([0, 400, 400]);
  });

  it('A9: one that was given up before its time stays given up; the end of the connection ends the rest at once', async () => {
    const { pair, ask, ends } = oneAtATime();
    const abort = new AbortController();
    ask('in flight', 0);
    ask('given up', 100, abort.signal);
    ask('waits', 200);
    await pair.pass(50);
    abort.abort();
    await pair.settle();
    await pair.pass(50);
    expect(ends).toEqual(['given up E_CANCELLED at 50']);
    pair.pair.agent.transportEnded();
    await pair.settle();
    expect(ends).toEqual(['given up E_CANCELLED at 50', 'in flight E_CLOSED at 100', 'waits E_CLOSED at 100']);
    await pair.pass(1_000);
    expect(ends).toHaveLength(3);
  });
});
