import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { appendHistory, changesOf, changeText, entryOf, readHistory, regressionsOf } from './history.ts';
import { markdownOf } from './markdown.ts';
import { mergeReports, type RowReport } from './report.ts';

const environment = {
  date: '2026-01-02T03:04:05Z',
  revision: 'aaa',
  node: '24.0.0',
  openssl: '3.5.0',
  cpu: 'cpu',
  cores: 2,
  memoryGiB: 8,
  load: 0,
  peers: {},
};

/** A row with a rate of ours beside 100 of the peer, and a size. */
function rowOf(rate: number, size: number, more: Partial<RowReport['environment']> = {}): RowReport {
  const series = {
    row: 'P1',
    variant: 'one way',
    figures: [
      { name: 'rate', unit: '/s' },
      { name: 'size', unit: 'KiB' },
    ],
    aims: [
      { figure: 'rate', against: 'peer', relation: 'at least', value: 2 },
      { figure: 'size', relation: 'at most', value: 8 },
    ],
    contenders: [
      { name: 'sealane', runs: [{ rate, size }] },
      { name: 'peer', runs: [{ rate: 100, size: 1 }] },
    ],
    notes: [],
  } as const;
  return { row: 'P1', settings: {}, series: [series], environment: { ...environment, ...more } };
}

const first = entryOf(rowOf(200, 10));
const LATER = { date: '2026-02-02T03:04:05Z', revision: 'bbb' };

describe('history of the bench', () => {
  it('a line for each record run, in the order in which they were', () => {
    const directory = mkdtempSync(join(tmpdir(), 'sealane-history-'));
    try {
      expect(readHistory(directory)).toEqual([]);
      const second = entryOf(rowOf(100, 10, { ...LATER, load: 1 }));
      appendHistory(directory, first);
      appendHistory(directory, second);
      expect(readHistory(directory)).toEqual([first, second]);
      expect([first.isBusy, second.isBusy]).toEqual([false, true]);
      expect(first).toMatchObject({ row: 'P1', revision: 'aaa', machine: '2 × cpu, 8 GiB' });
      expect(first.figures).toMatchObject([{ against: 'peer', value: 2 }, { value: 10 }]);
    } finally {
      rmSync(directory, { recursive: true });
    }
  });

  it('better is more of what should be much, and less of what should be little', () => {
    const changes = changesOf(entryOf(rowOf(150, 5, LATER)), [first]);
    expect(changes.map(({ betterPercent }) => betterPercent)).toEqual([-25, 100]);
    expect(changes.map(changeText)).toEqual(['25.0 % worse than at aaa', '100.0 % better than at aaa']);
    expect(regressionsOf(changes, 24)).toEqual([changes[0]]);
    expect(regressionsOf(changes, 25)).toEqual([]);
  });

  it('compared is the last run before, not the same one, and another machine by ratios only', () => {
    expect(changesOf(first, [first])).toEqual([]);
    const entry = entryOf(rowOf(200, 20, { ...LATER, cores: 64 }));
    expect(changesOf(entry, [{ ...first, row: 'P2' }])).toEqual([]);
    expect(changesOf(entry, [first, entry]).map(({ figure }) => figure.figure)).toEqual(['rate']);
  });

  it('the page tells the change of each aim', () => {
    const row = rowOf(150, 5, LATER);
    const page = markdownOf({ rows: [row] }, [first, entryOf(row)]);
    expect(page).toContain('**not met**; 25.0 % worse than at aaa');
    expect(page).toContain('met; 100.0 % better than at aaa');
  });

  it('the record has all rows of the plan, each with a line of its own, and a run of one keeps the others', () => {
    const rows = ['P1', 'P2', 'P3', 'P4', 'P5', 'P6', 'P7', 'P8', 'P9', 'P10', 'P11'];
    const merged = mergeReports('docs/benchmarks/latest.json', [rowOf(1, 1)]).rows;
    expect(merged.map(({ row }) => row)).toEqual(expect.arrayContaining(rows));
    expect(merged.filter(({ row }) => row === 'P1')).toEqual([rowOf(1, 1)]);
    const kept = new Set(readHistory('docs/benchmarks').map(({ row }) => row));
    expect([...kept]).toEqual(expect.arrayContaining(rows));
  });
});
