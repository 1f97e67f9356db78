/** Wraps text to a width, for help on terminals of any size. */

/** Narrower terminals get lines of this width and wrap themselves. */
const COLUMNS_MIN = 20;
const COLUMNS_MAX = 100;
const COLUMNS_DEFAULT = 80;
/** Widest left column of a table. */
const TERM_COLUMNS_MAX = 34;

/** A width to wrap at, for what a stream says of itself (nothing, 0, 20, 500). */
export function usableColumns(columns: number | undefined): number {
  if (columns === undefined || !Number.isFinite(columns) || columns <= 0) return COLUMNS_DEFAULT;
  return Math.min(COLUMNS_MAX, Math.max(COLUMNS_MIN, Math.floor(columns)));
}

/** Lines of at most `columns` characters; a longer word stands alone. */
export function wrap(text: string, columns: number): readonly string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > columns) {
      lines.push(line);
      line = word;
    } else {
      line = line === '' ? word : `${line} ${word}`;
    }
  }
  return [...lines, line];
}

/** Two columns, indented by two; where the terminal is narrow, the explanation stands below its term. */
export function table(rows: readonly (readonly [term: string, text: string])[], columns: number): readonly string[] {
  const termColumns = Math.min(TERM_COLUMNS_MAX, Math.max(...rows.map(([term]) => term.length)));
  const indent = termColumns + 4;
  const besides = columns - indent >= COLUMNS_MIN;
  return rows.flatMap(([term, text]) => {
    const lines = wrap(text, besides ? columns - indent : Math.max(1, columns - 4)).map(
      (line) => ' '.repeat(besides ? indent : 4) + line,
    );
    if (!besides || term.length > termColumns) return [`  ${term}`, ...lines];
    return [`  ${term.padEnd(termColumns)}  ${(lines[0] ?? '').trimStart()}`, ...lines.slice(1)];
  });
}
