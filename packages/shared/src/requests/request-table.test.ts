import { describe, expect, it } from '@jest/globals';
import type { ProtocolError } from '../errors/index.ts';
import { RequestTable } from './index.ts';

const limits = (requestsInFlightMax: number) => {
  const both = { streamWindowBytes: 1, connectionWindowBytes: 1, streamsMax: 1, requestsInFlightMax };
  return { ours: both, theirs: both };
};

function codeOf(act: () => unknown): string | undefined {
  try {
    act();
    return undefined;
  } catch (error) {
    return (error as ProtocolError).code;
  }
}

describe('RequestTable', () => {
  it('A9: ids rise from 1, and the limit of the peer is kept', () => {
    const table = new RequestTable(limits(2));
    expect([table.start(10), table.start(10), table.start(10)]).toEqual([1, 2, undefined]);
    expect(table.onResponse(1, true)).toBe(true);
    expect(table.start(10)).toBe(3);
  });

  it('A9: a late response is told from one to a request that never was', () => {
    const table = new RequestTable(limits(2));
    table.start(10);
    expect(table.cancel(1)).toBe(true);
    expect([table.cancel(1), table.onResponse(1, true), table.onResponse(1, false)]).toEqual([false, false, false]);
    for (const id of [0, 2, 99]) expect(codeOf(() => table.onResponse(id, true))).toBe('E_STATE');
  });

  it('A9: several responses keep a request open until the last', () => {
    const table = new RequestTable(limits(2));
    table.start(10);
    expect([table.onResponse(1, false), table.onResponse(1, false), table.onResponse(1, true)]).toEqual([
      true,
      true,
      true,
    ]);
    expect(table.onResponse(1, true)).toBe(false);
    expect(table.outgoingCount).toBe(0);
  });

  it('A9: ids of the peer must rise; past the limit they are refused but count', () => {
    const table = new RequestTable(limits(2));
    expect([table.onRequest(5, 10), table.onRequest(6, 10), table.onRequest(9, 10)]).toEqual([
      'accepted',
      'accepted',
      'too-many',
    ]);
    for (const id of [9, 6, 1]) expect(codeOf(() => table.onRequest(id, 10))).toBe('E_STATE');
    expect(table.finish(5)).toBe(true);
    expect(table.onRequest(10, 10)).toBe('accepted');
    expect([table.onCancel(6), table.onCancel(6), table.onCancel(9), table.onCancel(2)]).toEqual([
      true,
      false,
      false,
      false,
    ]);
    for (const id of [0, 11]) expect(codeOf(() => table.onCancel(id))).toBe('E_STATE');
  });

  it('A9: deadlines of both directions are one time to wake up', () => {
    const table = new RequestTable(limits(9));
    expect(table.wantsTimeoutAt).toBe(Number.POSITIVE_INFINITY);
    table.start(30);
    table.onRequest(1, 20);
    expect(table.wantsTimeoutAt).toBe(20);
    expect(table.expire(19)).toEqual({ outgoing: [], incoming: [] });
    expect(table.expire(20)).toEqual({ outgoing: [], incoming: [1] });
    expect(table.isWaiting(1)).toBe(false);
    expect(table.expire(30)).toEqual({ outgoing: [1], incoming: [] });
    expect(table.wantsTimeoutAt).toBe(Number.POSITIVE_INFINITY);
  });
});
