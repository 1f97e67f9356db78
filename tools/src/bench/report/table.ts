/** The table on stdout: one line for each aim. */
import { aimText, show } from './markdown.ts';
import { verdictsOf, type RowReport } from './report.ts';

export function tableOf(rows: readonly RowReport[]): string {
  const lines = rows.flatMap(({ row, series }) =>
    series.flatMap((one) =>
      verdictsOf(one).map(({ aim, value, spread: { min, max }, isMet }) => [
        row,
        one.variant,
        aimText(aim),
        show(value),
        `${show(min)}–${show(max)}`,
        isMet ? 'met' : 'NOT MET',
      ]),
    ),
  );
  const all = [['row', 'work', 'aim', 'is', 'runs', ''], ...lines];
  const widths = all[0]?.map((_, column) => Math.max(...all.map((cells) => cells[column]?.length ?? 0))) ?? [];
  return all
    .map((cells) =>
      cells
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}
