import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { ProtocolError } from '../errors/index.ts';
import { StreamTable, type StreamRole } from './index.ts';

const LIMITS = { streamWindowBytes: 8, connectionWindowBytes: 20, streamsMax: 3, requestsInFlightMax: 1 };

const table = (role: StreamRole, limits: Partial<typeof LIMITS> = {}): StreamTable => {
  const both = { ...LIMITS, ...limits };
  return new StreamTable(role, { ours: both, theirs: both });
};

/** What `act` returns, or the code that it fails with. */
function outcome<Value>(act: () => Value): Value | string {
  try {
    return act();
  } catch (error) {
    if (error instanceof ProtocolError) return error.code;
    throw error;
  }
}

/** The same rules, written down without any cleverness. */
class NaiveTable {
  readonly #role: StreamRole;
  readonly #local: number;
  readonly seen = new Map<
    number,
    {
      sent: number;
      given: number;
      got: number;
      ours: boolean;
      gone: boolean;
      localEnd: boolean;
      remoteEnd: boolean;
      window: number;
      used: number;
    }
  >();
  #next: number;
  #highest = 0;
  connectionSent = 0;
  connectionGiven = LIMITS.connectionWindowBytes;
  connectionGot = 0;
  connectionAllowed = LIMITS.connectionWindowBytes;

  constructor(role: StreamRole) {
    this.#role = role;
    this.#local = role === 'agent' ? 1 : 0;
    this.#next = role === 'agent' ? 1 : 2;
  }

  #count(ours: boolean): number {
    return [...this.seen.values()].filter((stream) => stream.ours === ours && !stream.gone).length;
  }

  get openCount(): number {
    return this.#count(true) + this.#count(false);
  }

  #add(id: number, ours: boolean): void {
    this.seen.set(id, {
      sent: 0,
      given: 8,
      got: 0,
      ours,
      gone: false,
      localEnd: false,
      remoteEnd: false,
      window: 8,
      used: 0,
    });
  }

  open(): number | undefined {
    if (this.#count(true) >= LIMITS.streamsMax) return undefined;
    this.#add(this.#next, true);
    this.#next += 2;
    return this.#next - 2;
  }

  onOpen(id: number): string {
    if (id === 0 || id % 2 === this.#local) return 'E_STATE';
    if (id <= this.#highest) return 'duplicate';
    this.#highest = id;
    if (this.#count(false) >= LIMITS.streamsMax) {
      this.#add(id, false);
      this.seen.get(id)!.gone = true;
      return 'too-many';
    }
    this.#add(id, false);
    return 'opened';
  }

  /** Ids that were skipped by the peer count as opened and gone. */
  #known(id: number): { gone: boolean } | undefined {
    if (id !== 0 && id % 2 !== this.#local && id <= this.#highest && !this.seen.has(id)) return { gone: true };
    return this.seen.get(id);
  }

  sendable(id: number): number {
    const stream = this.seen.get(id);
    if (stream === undefined || stream.gone || stream.localEnd) return 0;
    return Math.min(stream.given - stream.sent, this.connectionGiven - this.connectionSent);
  }

  send(id: number, size: number): void {
    this.seen.get(id)!.sent += size;
    this.connectionSent += size;
  }

  onData(id: number, size: number): boolean | string {
    if (this.connectionGot + size > this.connectionAllowed) return 'E_FLOW_CONTROL';
    const known = this.#known(id);
    if (known === undefined) return 'E_STATE';
    this.connectionGot += size;
    const stream = this.seen.get(id);
    if (known.gone || stream === undefined) return false;
    if (stream.remoteEnd) return 'E_STATE';
    if (stream.got + size > stream.window) return 'E_FLOW_CONTROL';
    stream.got += size;
    return true;
  }

  onEnd(id: number): boolean | string {
    const known = this.#known(id);
    if (known === undefined) return 'E_STATE';
    const stream = this.seen.get(id);
    if (known.gone || stream === undefined) return false;
    if (stream.remoteEnd) return 'E_STATE';
    stream.remoteEnd = true;
    stream.gone = stream.localEnd;
    return true;
  }

  end(id: number): void {
    const stream = this.seen.get(id);
    if (stream === undefined || stream.gone) return;
    stream.localEnd = true;
    stream.gone = stream.remoteEnd;
  }

  reset(id: number): boolean | string {
    const known = this.#known(id);
    if (known === undefined) return 'E_STATE';
    if (known.gone) return false;
    this.seen.get(id)!.gone = true;
    return true;
  }

  onCredit(id: number, bytes: number): boolean | string {
    if (bytes === 0) return 'E_FLOW_CONTROL';
    if (id === 0) {
      this.connectionGiven += bytes;
      return true;
    }
    const known = this.#known(id);
    if (known === undefined) return 'E_STATE';
    const stream = this.seen.get(id);
    if (known.gone || stream === undefined) return false;
    stream.given += bytes;
    return !stream.localEnd;
  }

  get role(): StreamRole {
    return this.#role;
  }
}

type Step = {
  readonly act: 'open' | 'onOpen' | 'send' | 'onData' | 'onEnd' | 'end' | 'reset' | 'onCredit' | 'consume';
  readonly id: number;
  readonly size: number;
};

describe('StreamTable', () => {
  it('A5: agents open odd ids, the server even ones, rising without reuse', () => {
    const [agent, server] = [table('agent'), table('server')];
    expect([agent.open(), agent.open(), agent.open(), agent.open()]).toEqual([1, 3, 5, undefined]);
    expect([server.open(), server.open()]).toEqual([2, 4]);
    agent.reset(3);
    expect(agent.open()).toBe(7);
  });

  it('2.1.11: each stream that is over makes room for one, of either side', () => {
    const agent = table('agent');
    expect([agent.open(), agent.open(), agent.open(), agent.open()]).toEqual([1, 3, 5, undefined]);
    expect([2, 4, 6, 8].map((id) => agent.onOpen(id))).toEqual(['opened', 'opened', 'opened', 'too-many']);
    agent.reset(3);
    expect([agent.open(), agent.open()]).toEqual([7, undefined]);
    agent.reset(4);
    expect([agent.onOpen(10), agent.onOpen(12)]).toEqual(['opened', 'too-many']);
    agent.end(1);
    expect(agent.open()).toBeUndefined();
    agent.onEnd(1);
    expect([agent.open(), agent.open()]).toEqual([9, undefined]);
  });

  it('A5: an id of the wrong side, or zero, ends the connection; one used before costs only its stream (2.1.13)', () => {
    for (const [role, own, others] of [
      ['agent', 1, 2],
      ['server', 2, 1],
    ] as const) {
      expect(outcome(() => table(role).onOpen(own))).toBe('E_STATE');
      expect(outcome(() => table(role).onOpen(0))).toBe('E_STATE');
      const both = table(role);
      expect([both.onOpen(others), both.onOpen(others), both.onOpen(others + 4), both.onOpen(others + 2)]).toEqual([
        'opened',
        'duplicate',
        'opened',
        'duplicate',
      ]);
    }
  });

  it('2.1.11: streams past the limit are refused, and their data is dropped at no cost', () => {
    const server = table('server');
    expect([1, 3, 5, 7].map((id) => server.onOpen(id))).toEqual(['opened', 'opened', 'opened', 'too-many']);
    expect(server.onData(7, 8)).toBe(false);
    server.reset(1);
    expect(server.onOpen(9)).toBe('opened');
  });

  it('A6: credit of stream and connection is exact to the byte', () => {
    const server = table('server');
    [1, 3, 5].forEach((id) => server.onOpen(id));
    expect([server.onData(1, 8), server.onData(3, 8), server.onData(5, 4)]).toEqual([true, true, true]);
    expect(outcome(() => server.onData(5, 1))).toBe('E_FLOW_CONTROL');
    const single = table('server');
    single.onOpen(1);
    expect(outcome(() => single.onData(1, 9))).toBe('E_FLOW_CONTROL');
    const agent = table('agent', { connectionWindowBytes: 10 });
    const [first, second] = [agent.open()!, agent.open()!];
    agent.onSend(first, 8);
    expect([agent.sendableBytes(first), agent.sendableBytes(second)]).toEqual([0, 2]);
    expect(() => agent.onSend(second, 3)).toThrow(/without credit/);
    agent.onCredit(0, 5);
    expect(agent.sendableBytes(second)).toBe(7);
    agent.onCredit(first, 2);
    expect(agent.sendableBytes(first)).toBe(2);
  });

  it('A6: a stream on which nothing more comes is given no credit, the connection is', () => {
    const server = table('server', { streamWindowBytes: 8, connectionWindowBytes: 8 });
    server.onOpen(1);
    server.onData(1, 8);
    server.onEnd(1);
    expect([server.consume(1, 8), server.consumeConnection(8)]).toEqual([0, 8]);
  });

  it('A6: credit without end, or of nothing, is refused', () => {
    for (const id of [0, 1]) {
      const agent = table('agent');
      agent.open();
      expect(outcome(() => agent.onCredit(id, 0))).toBe('E_FLOW_CONTROL');
      expect(outcome(() => agent.onCredit(id, 2 ** 40))).toBe('E_FLOW_CONTROL');
      expect(outcome(() => agent.onCredit(id, 2 ** 40 - 20))).toBe(true);
    }
  });

  it('A5: packets for streams never opened, and data after the end, are E_STATE', () => {
    const server = table('server');
    server.onOpen(1);
    for (const id of [0, 2, 3, 100]) {
      expect(outcome(() => server.onData(id, 1))).toBe('E_STATE');
      expect(outcome(() => server.onEnd(id))).toBe('E_STATE');
      expect(outcome(() => server.reset(id))).toBe('E_STATE');
      if (id !== 0) expect(outcome(() => server.onCredit(id, 1))).toBe('E_STATE');
    }
    server.onEnd(1);
    expect(outcome(() => server.onData(1, 1))).toBe('E_STATE');
    expect(outcome(() => server.onEnd(1))).toBe('E_STATE');
  });

  it('A5: late packets after a reset are ignored', () => {
    const server = table('server');
    server.onOpen(1);
    server.reset(1);
    expect([server.onData(1, 5), server.onEnd(1), server.reset(1), server.onCredit(1, 5)]).toEqual([
      false,
      false,
      false,
      false,
    ]);
    expect(server.consume(1, 5)).toBe(0);
    expect(server.openCount).toBe(0);
  });

  it.each(['agent', 'server'] as const)('A5 A6: %s: does what a naive model does, whatever comes', (role) => {
    const id = fc.nat(12);
    const step: fc.Arbitrary<Step> = fc.record({
      act: fc.constantFrom(
        'open',
        'onOpen',
        'onOpen',
        'send',
        'onData',
        'onData',
        'onEnd',
        'end',
        'reset',
        'onCredit',
        'consume',
      ),
      id,
      size: fc.integer({ min: 1, max: 9 }),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const real = table(role);
        const naive = new NaiveTable(role);
        const held = new Map<number, number>();
        for (const { act, id: streamId, size } of steps) {
          let got: unknown;
          let wanted: unknown;
          if (act === 'open') [got, wanted] = [real.open(), naive.open()];
          else if (act === 'onOpen') [got, wanted] = [outcome(() => real.onOpen(streamId)), naive.onOpen(streamId)];
          else if (act === 'onData') {
            [got, wanted] = [outcome(() => real.onData(streamId, size)), naive.onData(streamId, size)];
            if (got === true) held.set(streamId, (held.get(streamId) ?? 0) + size);
            if (got === false) naive.connectionAllowed += real.consumeConnection(size);
          } else if (act === 'onEnd') [got, wanted] = [outcome(() => real.onEnd(streamId)), naive.onEnd(streamId)];
          else if (act === 'end') {
            real.end(streamId);
            naive.end(streamId);
          } else if (act === 'reset') [got, wanted] = [outcome(() => real.reset(streamId)), naive.reset(streamId)];
          else if (act === 'onCredit')
            [got, wanted] = [outcome(() => real.onCredit(streamId, size)), naive.onCredit(streamId, size)];
          else if (act === 'send') {
            const sendable = Math.min(size, naive.sendable(streamId));
            if (sendable > 0) {
              real.onSend(streamId, sendable);
              naive.send(streamId, sendable);
            }
          } else {
            const taken = Math.min(size, held.get(streamId) ?? 0);
            if (taken > 0) {
              held.set(streamId, held.get(streamId)! - taken);
              const credit = real.consume(streamId, taken);
              const stream = naive.seen.get(streamId)!;
              stream.window += credit;
              expect(stream.window - stream.got).toBeLessThanOrEqual(8);
              naive.connectionAllowed += real.consumeConnection(taken);
            }
          }
          expect([act, streamId, got]).toEqual([act, streamId, wanted]);
          if (typeof wanted === 'string' && wanted.startsWith('E_')) return;
          expect(real.sendableBytes(streamId)).toBe(naive.sendable(streamId));
          expect(real.openCount).toBe(naive.openCount);
          const unread = [...held.values()].reduce((sum, bytes) => sum + bytes, 0);
          expect(real.unconsumedBytes).toBe(unread);
          expect(real.unconsumedBytes).toBeLessThanOrEqual(LIMITS.connectionWindowBytes);
        }
      }),
      { numRuns: 400 },
    );
  });
});
