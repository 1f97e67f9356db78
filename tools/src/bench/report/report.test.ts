import { describe, expect, it } from '@jest/globals';
import { markdownOf } from './markdown.ts';
import { attainment, plotOf } from './plot.ts';
import { verdictsOf, type Report, type SeriesResult } from './report.ts';

const series: SeriesResult = {
  row: 'P1',
  variant: 'one way, 64 B',
  figures: [{ name: 'rate', unit: '/s' }],
  aims: [
    { figure: 'rate', against: 'peer', relation: 'at least', value: 2 },
    { figure: 'rate', against: 'absent', relation: 'at least', value: 1 },
    { figure: 'rate', relation: 'at most', value: 250 },
  ],
  contenders: [
    { name: 'sealane', runs: [{ rate: 300 }, { rate: 100 }, { rate: 200 }] },
    { name: 'peer', runs: [{ rate: 100 }, { rate: 100 }, { rate: 400 }] },
  ],
  notes: ['absent: left out'],
};

const report: Report = {
  rows: [
    {
      row: 'P1',
      settings: { runs: 3 },
      series: [series],
      environment: {
        date: '2026-01-02T03:04:05Z',
        revision: 'abc',
        node: '24.0.0',
        openssl: '3.5.0',
        cpu: 'a & b',
        cores: 2,
        memoryGiB: 8,
        load: 3,
        peers: { ws: '8.0.0' },
      },
    },
  ],
};

describe('report', () => {
  it('the verdict is the ratio of the medians, with the ratios of the single runs', () => {
    const [ratio, absolute, ...rest] = verdictsOf(series);
    expect(ratio).toMatchObject({ value: 2, spread: { min: 0.5, max: 3 }, isMet: true });
    expect(absolute).toMatchObject({ value: 200, isMet: true });
    expect(rest).toEqual([]);
  });

  it('an aim that is missed is said to be missed', () => {
    const slower = {
      ...series,
      aims: [{ figure: 'rate', against: 'peer', relation: 'at least', value: 2.1 }] as const,
    };
    expect(verdictsOf(slower)[0]?.isMet).toBe(false);
    expect(markdownOf({ rows: report.rows.map((row) => ({ ...row, series: [slower] })) }, [])).toContain('**not met**');
  });

  it('attainment of 1 is the aim, whichever way the aim points', () => {
    const spread = { min: 0, max: 0 };
    expect(attainment({ aim: { figure: 'x', relation: 'at least', value: 2 }, value: 3, spread, isMet: true })).toBe(
      1.5,
    );
    expect(attainment({ aim: { figure: 'x', relation: 'at most', value: 8 }, value: 16, spread, isMet: false })).toBe(
      0.5,
    );
  });

  it('the page tells a busy machine, what was left out, and every median', () => {
    const page = markdownOf(report, []);
    expect(page).toContain('The machine was busy (load 3)');
    expect(page).toContain('- absent: left out');
    expect(page).toContain('| **Sealane** | 200 (100–300) |');
  });

  it('the plot has one bar for each verdict', () => {
    expect(plotOf(report).match(/height="16"/g)).toHaveLength(2);
  });
});
