/**
 * VirtualTerminal: what a terminal shows after the bytes that were written to it. It knows the sequences the chat may use and refuses
 * every other one, so that a peer's sequence that comes through fails the test.
 */
import { graphemesOf, graphemeWidth } from '@sealane/node/cli';

export class VirtualTerminal {
  columns: number;
  rows: number;
  /** Rows that have scrolled out of sight. */
  readonly scrollback: string[] = [];
  /** Sequences that nobody may send. */
  readonly refused: string[] = [];
  /** Rows that were wider than the terminal. */
  overflows = 0;
  marksPastes = false;
  writes = 0;
  #screen: string[][];
  #row = 0;
  #column = 0;

  constructor(columns: number, rows: number) {
    this.columns = columns;
    this.rows = rows;
    this.#screen = [];
    this.#clear();
  }

  /** The rows in sight, without blanks at their ends. */
  get screen(): readonly string[] {
    return this.#screen.map((cells) => cells.join('').trimEnd());
  }

  /** All rows, from the first one written. */
  get all(): string {
    return [...this.scrollback, ...this.screen].join('\n').trimEnd();
  }

  get cursor(): { readonly row: number; readonly column: number } {
    return { row: this.#row, column: this.#column };
  }

  resize(columns: number, rows: number): void {
    this.columns = columns;
    this.rows = rows;
    this.#clear();
  }

  write(text: string): void {
    this.writes++;
    // oxlint-disable-next-line no-control-regex -- a terminal reads these.
    for (const piece of text.match(/\u001b(?:\[[?\d;]*[ -/]*[@-~]|.)|[\r\n]|\p{Cc}|[^\p{Cc}]+/gsu) ?? []) {
      if (piece === '\r') this.#column = 0;
      else if (piece === '\n') this.#lineFeed();
      else if (/^\p{Cc}/u.test(piece)) this.#obey(piece);
      else for (const grapheme of graphemesOf(piece)) this.#put(grapheme);
    }
  }

  #obey(sequence: string): void {
    // oxlint-disable-next-line no-control-regex -- as above.
    const { count, final } = /^\u001b\[(?<count>\d*)(?<final>[ABCHJKm])$/.exec(sequence)?.groups ?? {};
    const steps = Number(count === '' ? 1 : count);
    if (sequence === '\u001b[?2004h' || sequence === '\u001b[?2004l') this.marksPastes = sequence.endsWith('h');
    else if (final === 'A') this.#row = Math.max(0, this.#row - steps);
    else if (final === 'B') this.#row = Math.min(this.rows - 1, this.#row + steps);
    else if (final === 'C') this.#column = Math.min(this.columns - 1, this.#column + steps);
    else if (final === 'H' && count === '') this.#row = this.#column = 0;
    else if (final === 'J' && count === '2') this.#clear(this.#row, this.#column);
    else if (final === 'J' && count === '') this.#eraseBelow();
    else if (final === 'K' && count === '2') this.#screen[this.#row] = this.#blankRow();
    else if (final !== 'm') this.refused.push(JSON.stringify(sequence));
  }

  #put(grapheme: string): void {
    const width = graphemeWidth(grapheme);
    if (this.#column + width > this.columns) {
      this.overflows++;
      this.#column = 0;
      this.#lineFeed();
    }
    const cells = this.#screen[this.#row]!;
    cells[this.#column] = grapheme;
    for (let index = 1; index < width; index++) cells[this.#column + index] = '';
    this.#column += width;
  }

  #lineFeed(): void {
    if (this.#row < this.rows - 1) {
      this.#row++;
      return;
    }
    this.scrollback.push(this.#screen.shift()!.join('').trimEnd());
    this.#screen.push(this.#blankRow());
  }

  #eraseBelow(): void {
    this.#screen[this.#row]!.fill(' ', this.#column);
    for (let row = this.#row + 1; row < this.rows; row++) this.#screen[row] = this.#blankRow();
  }

  #clear(row = 0, column = 0): void {
    this.#screen = Array.from({ length: this.rows }, () => this.#blankRow());
    this.#row = row;
    this.#column = column;
  }

  #blankRow(): string[] {
    return Array.from({ length: this.columns }, () => ' ');
  }
}
