/** Rows at the bottom: what is going on, then the prompt with what is being written. State and width in, lines and cursor out. */
import { displayWidth, fitColumns, graphemesOf, graphemeWidth, terminalText, wrapColumns } from '@sealane/node/cli';
import type { Paint } from '@sealane/node/log';

export interface BottomLook {
  /** Lines above the prompt; harmless already. */
  readonly activity: readonly string[];
  readonly prompt: string;
  readonly text: string;
  readonly cursor: number;
}

export interface BottomSize {
  readonly columns: number;
  readonly rowsMax: number;
  readonly paint: Paint;
}

export interface BottomRows {
  readonly rows: readonly string[];
  readonly cursor: { readonly row: number; readonly column: number };
}

/** Indent of all lines of an input but the first. */
const INDENT = '  ';
/** Rows of activity that a completion or several transfers may take. */
const ACTIVITY_ROWS_MAX = 6;

/** At most `rowsMax` rows; of a long input those around the cursor. */
export function bottomRows(look: BottomLook, size: BottomSize): BottomRows {
  const { columns, paint } = size;
  const prompt = fitPrompt(look.prompt, columns);
  const input = inputRows(prompt, look, columns);
  const inputRowsMax = Math.max(1, Math.min(input.rows.length, size.rowsMax - 1));
  const activity = look.activity
    .flatMap((line) => wrapColumns(line, { first: columns, rest: columns }))
    .slice(0, Math.max(0, Math.min(ACTIVITY_ROWS_MAX, size.rowsMax - inputRowsMax)))
    .map((line) => paint('dim', line));
  const first = windowStart(input.cursor.row, input.rows.length, inputRowsMax);
  const rows = input.rows.slice(first, first + inputRowsMax);
  if (first === 0) rows[0] = paint('bold', prompt) + (rows[0] ?? '').slice(prompt.length);
  return {
    rows: [...activity, ...rows],
    cursor: { row: activity.length + input.cursor.row - first, column: input.cursor.column },
  };
}

/** A prompt that leaves at least half of the line. */
function fitPrompt(prompt: string, columns: number): string {
  const room = Math.max(2, Math.floor(columns / 2));
  return displayWidth(prompt) <= room ? prompt : `${fitColumns(prompt.replace(/> $/, ''), room - 2)}> `;
}

/** The last column stays free: a cursor behind it is drawn differently from terminal to terminal. */
function inputRows(prompt: string, { text, cursor }: BottomLook, columns: number): BottomRows & { rows: string[] } {
  const rows: string[] = [];
  let row = prompt;
  let column = displayWidth(prompt);
  let position = 0;
  let found: BottomRows['cursor'] | undefined;
  const end = (): void => {
    rows.push(row);
    row = INDENT;
    column = INDENT.length;
  };
  for (const grapheme of graphemesOf(text)) {
    const shown = grapheme === '\n' ? '' : fitColumns(terminalText(grapheme), columns - INDENT.length - 1);
    const width = graphemesOf(shown).reduce((sum, piece) => sum + graphemeWidth(piece), 0);
    if (column + width > columns - 1 && row !== INDENT) end();
    if (position === cursor) found = { row: rows.length, column: Math.min(column, columns - 1) };
    position += grapheme.length;
    if (grapheme === '\n') end();
    row += shown;
    column += width;
  }
  if (column > columns - 1 && row !== INDENT) end();
  rows.push(row);
  return { rows, cursor: found ?? { row: rows.length - 1, column: Math.min(column, columns - 1) } };
}

function windowStart(cursorRow: number, count: number, max: number): number {
  return Math.max(0, Math.min(cursorRow - Math.floor(max / 2), count - max));
}
