/** Lines of a table for people: columns as wide as their widest cell, numbers to the right. */
import { escapeText } from '@sealane/shared/bytes';

export type Cell = string | number;

/** One line a row, the header first; cells of peers are escaped here. */
export function tableLines(header: readonly string[], rows: readonly (readonly Cell[])[]): readonly string[] {
  const shown = rows.map((row) => row.map((cell) => (typeof cell === 'number' ? String(cell) : escapeText(cell))));
  const widths = header.map((name, column) =>
    shown.reduce((width, row) => Math.max(width, row[column]?.length ?? 0), name.length),
  );
  const isNumber = header.map(
    (_name, column) => rows.length > 0 && rows.every((row) => typeof row[column] === 'number'),
  );
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, column) =>
        isNumber[column] === true ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0),
      )
      .join('  ')
      .trimEnd();
  return [line(header), ...shown.map(line)];
}

/** A field of an answer as a cell. */
export function cellOf(value: unknown): Cell {
  if (typeof value === 'string' || typeof value === 'number') return value;
  if (value === null || value === undefined) return '-';
  return typeof value === 'boolean' ? (value ? 'yes' : 'no') : JSON.stringify(value);
}

/** A time in ms as people read it. */
export function timeOf(value: unknown): string {
  return typeof value === 'number' && Number.isFinite(value)
    ? new Date(value).toISOString().replace(/\.\d+Z$/, 'Z')
    : '-';
}
