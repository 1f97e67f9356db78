/** The screen against a terminal that is small: whatever frames come, what is seen is the end of the last one. */
import { describe, expect, it } from '@jest/globals';
import { Screen, type Frame } from '../../src/chat/screen.ts';
import { VirtualTerminal } from './virtual-terminal.ts';

const COLUMNS = 20;
const ROWS = 6;

function frameOf(rows: readonly string[], rowsBefore = 0): Frame {
  return { rows, rowsBefore, cursor: { row: rows.length - 1, column: 3 } };
}

function start(): { terminal: VirtualTerminal; screen: Screen; show: (frame: Frame) => void } {
  const terminal = new VirtualTerminal(COLUMNS, ROWS);
  const screen = new Screen((text) => terminal.write(text));
  return { terminal, screen, show: (frame) => screen.draw(frame, terminal.rows) };
}

describe('Screen', () => {
  it('writes nothing when nothing changed, and one row when one did', () => {
    const { terminal, show } = start();
    show(frameOf(['one', 'two', 'three']));
    const { writes } = terminal;
    show(frameOf(['one', 'two', 'three']));
    expect(terminal.writes).toBe(writes);
    show(frameOf(['one', 'TWO', 'three']));
    expect(terminal.screen.slice(0, 3)).toEqual(['one', 'TWO', 'three']);
    expect(terminal.cursor).toEqual({ row: 2, column: 3 });
  });

  it('keeps what scrolls out of sight, and leaves it alone', () => {
    const { terminal, show, screen } = start();
    const rows = Array.from({ length: 10 }, (_, index) => `row ${index}`);
    show(frameOf(rows));
    expect(terminal.scrollback).toEqual(rows.slice(0, 4));
    expect(screen.top).toBe(4);
    show(frameOf(['changed', ...rows.slice(1)]));
    expect(terminal.all).toBe(rows.join('\n'));
  });

  it('takes rows away at the end', () => {
    const { terminal, show } = start();
    show(frameOf(['one', 'two', 'three', 'four']));
    show(frameOf(['one', 'prompt']));
    expect(terminal.all).toBe('one\nprompt');
    show(frameOf(['one', 'prompt', 'again']));
    expect(terminal.all).toBe('one\nprompt\nagain');
  });

  it('copes with rows as wide as the terminal', () => {
    const { terminal, show } = start();
    const full = 'x'.repeat(COLUMNS);
    for (let count = 1; count < 10; count++) show(frameOf([...Array.from({ length: count }, () => full), '> ']));
    expect(terminal.all).toBe([...Array.from({ length: 9 }, () => full), '>'].join('\n'));
  });

  it('draws anew after a resize', () => {
    const { terminal, screen } = start();
    const frame = frameOf(Array.from({ length: 10 }, (_, index) => `row ${index}`));
    screen.draw(frame, ROWS);
    terminal.resize(COLUMNS, 4);
    screen.redraw(frame, 4);
    expect(terminal.screen).toEqual(['row 6', 'row 7', 'row 8', 'row 9']);
  });

  it('shows the end of any frame after any other one (1,000 random steps)', () => {
    let seed = 7;
    const random = (below: number): number => {
      seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31;
      return Math.floor((seed / 2 ** 31) * below);
    };
    const { terminal, show, screen } = start();
    let record: string[] = [];
    let rowsBefore = 0;
    for (let step = 0; step < 1_000; step++) {
      const bottom = Array.from({ length: 1 + random(4) }, () => `bottom ${random(3)}`);
      for (let added = random(3); added > 0; added--) record.push(`row ${random(1_000)}`);
      const changeable = record.length - Math.max(0, screen.top - rowsBefore);
      if (changeable > 0 && random(2) === 0)
        record[record.length - 1 - random(changeable)] = `changed ${random(1_000)}`;
      const droppable = Math.min(record.length, Math.max(0, screen.top - rowsBefore));
      if (droppable > 20) {
        record = record.slice(droppable);
        rowsBefore += droppable;
      }
      const rows = [...record, ...bottom];
      show({ rows, rowsBefore, cursor: { row: rows.length - 1, column: random(COLUMNS) } });
      const visible = rows.slice(Math.max(0, screen.top - rowsBefore));
      expect(terminal.screen.slice(0, visible.length)).toEqual(visible);
      expect(terminal.screen.slice(visible.length).join('')).toBe('');
      expect(terminal.cursor.row).toBe(visible.length - 1);
    }
    expect(terminal.refused).toEqual([]);
  });
});
