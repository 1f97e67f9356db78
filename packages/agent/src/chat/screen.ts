/**
 * Screen: keeps what a terminal shows equal to a frame of rows, with as few bytes as that takes. Rows that have scrolled out of
 * sight belong to the terminal and are left alone, so its scrollback, selection and search work as ever. It knows nothing of
 * what the rows mean.
 */

/** What is to be seen: the rows of a session, the last ones of which fit on the terminal. */
export interface Frame {
  readonly rows: readonly string[];
  /** Rows that came before these. */
  readonly rowsBefore: number;
  /** `row` is an index of `rows`; `column` is below the width of the terminal. */
  readonly cursor: { readonly row: number; readonly column: number };
}

const CLEAR_SCREEN = '\u001b[H\u001b[2J';
const CLEAR_ROW = '\r\u001b[2K';
const CLEAR_BELOW = '\r\u001b[J';

export class Screen {
  readonly #write: (text: string) => void;
  /** Rows drawn so far that can still be reached, by their number; the first is `#top`. */
  #drawn: string[] = [''];
  #top = 0;
  #cursor = { row: 0, column: 0 };
  #out = '';

  constructor(write: (text: string) => void) {
    this.#write = write;
  }

  /** Number of the first row that can still be changed. */
  get top(): number {
    return this.#top;
  }

  /** Shows a frame. @param rowsMax rows of the terminal. */
  draw(frame: Frame, rowsMax: number): void {
    this.#out = '';
    const end = frame.rowsBefore + frame.rows.length;
    for (let number = Math.max(this.#top, frame.rowsBefore); number < end; number++) {
      this.#drawRow(number, frame.rows[number - frame.rowsBefore] ?? '');
    }
    if (end < this.#end) this.#cutTo(end);
    this.#scrollTo(Math.max(this.#top, this.#end - rowsMax));
    this.#moveTo(frame.rowsBefore + frame.cursor.row, frame.cursor.column);
    if (this.#out !== '') this.#write(this.#out);
  }

  /** Begins anew on an empty screen, with the end of a frame. */
  redraw(frame: Frame, rowsMax: number): void {
    const hidden = Math.max(0, frame.rows.length - rowsMax);
    this.#top = frame.rowsBefore + hidden;
    this.#drawn = [''];
    this.#cursor = { row: this.#top, column: 0 };
    this.#write(CLEAR_SCREEN);
    this.draw(frame, rowsMax);
  }

  /** Leaves the cursor below all rows. */
  finish(): void {
    this.#out = '';
    this.#moveTo(this.#end - 1, 0);
    this.#write(`${this.#out}\r\n`);
    this.#top = this.#end;
    this.#drawn = [''];
    this.#cursor = { row: this.#top, column: 0 };
  }

  get #end(): number {
    return this.#top + this.#drawn.length;
  }

  #drawRow(number: number, row: string): void {
    const before = this.#drawn[number - this.#top];
    if (before === row) return;
    if (before === undefined) {
      this.#moveTo(this.#end - 1, 0);
      this.#out += '\r\n';
      this.#drawn.push(row);
    } else {
      this.#moveTo(number, this.#cursor.column);
      this.#drawn[number - this.#top] = row;
      if (before !== '') this.#out += CLEAR_ROW;
      else if (this.#cursor.column > 0) this.#out += '\r';
    }
    this.#out += row;
    // Where a row ends depends on how the terminal counts; from its start on, all is known.
    this.#out += '\r';
    this.#cursor = { row: number, column: 0 };
  }

  #cutTo(end: number): void {
    const last = Math.max(end, this.#top + 1);
    if (last >= this.#end) return;
    this.#moveTo(last, 0);
    this.#out += CLEAR_BELOW;
    this.#drawn.length = last - this.#top;
  }

  #scrollTo(top: number): void {
    this.#drawn.splice(0, top - this.#top);
    this.#top = top;
  }

  #moveTo(row: number, column: number): void {
    const target = Math.min(Math.max(row, this.#top), Math.max(this.#end - 1, this.#cursor.row));
    const down = target - this.#cursor.row;
    if (down !== 0) this.#out += `\u001b[${Math.abs(down)}${down > 0 ? 'B' : 'A'}`;
    if (column !== this.#cursor.column) {
      if (column < this.#cursor.column) this.#out += '\r';
      const right = column < this.#cursor.column ? column : column - this.#cursor.column;
      if (right > 0) this.#out += `\u001b[${right}C`;
    }
    this.#cursor = { row: target, column };
  }
}
