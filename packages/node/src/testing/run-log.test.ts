/** The checker itself: each rule, broken once (a check that cannot turn red proves nothing). */
import { describe, expect, it } from '@jest/globals';
import type { Line } from './agent-program.ts';
import { RunLog } from './run-log.ts';

const delivery = (sequence: number, payload: string, attempt = 1, id = `id-${payload}`): Line => ({
  event: 'delivery',
  id,
  sequence,
  attempt,
  payload,
});
const receipt = (sequence: number, payload: string): Line => ({ event: 'receipt', id: `id-${payload}`, sequence });

function faultsOf(lines: readonly Line[], receipts: readonly Line[] = []): readonly string[] {
  const log = new RunLog();
  for (const payload of ['a-1', 'a-2', 'b-1']) log.publish(payload);
  log.receipts(receipts);
  log.deliveries('s', lines);
  return log.check();
}

describe('RunLog', () => {
  it('accepts what may happen: repetitions, skips, events of several publishers', () => {
    const skipped = { event: 'skipped', from: 3, to: 5, reason: 'expired' };
    const lines = [delivery(1, 'a-1'), delivery(2, 'b-1'), delivery(1, 'a-1', 2), skipped, delivery(6, 'a-2')];
    expect(faultsOf(lines, [receipt(7, 'a-1'), receipt(8, 'b-1')])).toEqual([]);
  });

  it.each([
    ['a receipt without delivery', [delivery(1, 'a-1')], [receipt(1, 'a-2')], 'was not delivered'],
    ['a phantom', [delivery(1, 'x-1')], [], 'never published'],
    ['a gap', [delivery(1, 'a-1'), delivery(3, 'a-2')], [], 'expected 2'],
    ['another order', [delivery(1, 'a-2'), delivery(2, 'a-1')], [], 'came after a-2'],
    ['a repetition that says it is none', [delivery(1, 'a-1'), delivery(1, 'a-1')], [], 'as attempt 1'],
    ['a repetition with other content', [delivery(1, 'a-1'), delivery(1, 'a-2', 2)], [], 'changed'],
    ['one event twice', [delivery(1, 'a-1'), delivery(2, 'a-2', 1, 'id-a-1')], [], 'two sequences'],
    ['receipts out of order', [], [receipt(2, 'a-1'), receipt(1, 'a-2')], 'after 2'],
  ])('finds %s', (_what, lines, receipts, fault) => {
    expect(faultsOf(lines, receipts).join('; ')).toContain(fault);
  });

  it.each([
    ['nothing wrong with what both members had', [delivery(1, 'a-1'), delivery(3, 'b-1'), delivery(1, 'a-1', 2)], ''],
    ['a receipt that no member had', [delivery(1, 'a-1')], 'id-b-1 has a receipt and was not delivered'],
    ['a phantom', [delivery(1, 'a-1'), delivery(2, 'b-1'), delivery(3, 'x-1')], 'never published'],
    ['other content', [delivery(1, 'a-1'), delivery(2, 'b-1'), delivery(1, 'a-2', 2)], '1 changed'],
  ])('of a group finds %s', (_what, lines, fault) => {
    const log = new RunLog();
    for (const payload of ['a-1', 'a-2', 'b-1']) log.publish(payload);
    log.receipts([receipt(1, 'a-1'), receipt(2, 'b-1')]);
    log.members('team', lines.slice(0, 1));
    log.members('team', lines.slice(1));
    const faults = log.check().join('; ');
    expect(fault === '' ? faults : faults.includes(fault)).toBe(fault === '' ? '' : true);
    expect(log.totals.deliveries).toBe(new Set(lines.map(({ sequence }) => sequence)).size);
  });
});
