/**
 * LineEditor: what is being written, as keys change it. Keys are those that `node:readline` decodes; the text may have several
 * lines, and the cursor never stands inside of what is drawn as one. It draws nothing: that is input-rows.ts.
 */
import { graphemesOf } from '@sealane/node/cli';

/** A key, as `emitKeypressEvents` of `node:readline` tells it. */
export interface Key {
  readonly name?: string | undefined;
  readonly sequence?: string | undefined;
  readonly ctrl?: boolean;
  readonly meta?: boolean;
}

/** What a key asks of whoever owns the editor; `full` when the text takes no more. */
export type KeyOutcome =
  | 'edited'
  | 'submit'
  | 'complete'
  | 'interrupt'
  | 'end'
  | 'redraw'
  | 'suspend'
  | 'full'
  | 'none';

/** A longer text is a file. */
export const INPUT_CHARACTERS_MAX = 32_768;
/** Inputs that the session remembers. */
const HISTORY_ENTRIES_MAX = 500;

export class LineEditor {
  #text = '';
  #cursor = 0;
  #killed = '';
  #isPasting = false;
  #pastedReturn = false;
  readonly #history: string[] = [];
  /** Place in the history, and what was being written when it was entered. */
  #recalled: { index: number; readonly own: string } | undefined;

  get text(): string {
    return this.#text;
  }

  /** Position in `text`, in UTF-16 units. */
  get cursor(): number {
    return this.#cursor;
  }

  /** Puts another text there. @param cursor by default its end. */
  replace(text: string, cursor = text.length): void {
    this.#text = text.slice(0, INPUT_CHARACTERS_MAX);
    this.#cursor = Math.min(cursor, this.#text.length);
    this.#recalled = undefined;
  }

  /** Takes the text out and remembers it. */
  take(): string {
    const text = this.#text;
    if (text.trim() !== '' && this.#history.at(-1) !== text) this.#history.push(text);
    if (this.#history.length > HISTORY_ENTRIES_MAX) this.#history.shift();
    this.replace('');
    return text;
  }

  press(key: Key): KeyOutcome {
    if (key.name === 'paste-start' || key.name === 'paste-end') {
      this.#isPasting = key.name === 'paste-start';
      this.#pastedReturn = false;
      return 'none';
    }
    if (this.#isPasting) return this.#paste(key);
    if (key.ctrl === true) return this.#pressControl(key);
    if (key.meta === true) return this.#pressMeta(key);
    return this.#pressPlain(key);
  }

  #paste({ name, sequence = '' }: Key): KeyOutcome {
    const isSecondOfBreak = name === 'enter' && this.#pastedReturn;
    this.#pastedReturn = name === 'return';
    if (isSecondOfBreak) return 'none';
    if (name === 'return' || name === 'enter') return this.#insert('\n');
    return this.#insert(name === 'tab' ? '\t' : printable(sequence));
  }

  #pressPlain({ name, sequence = '' }: Key): KeyOutcome {
    switch (name) {
      case 'return':
      case 'enter':
        return this.#return();
      case 'tab':
        return 'complete';
      case 'backspace':
        return this.#remove(this.#before(), this.#cursor);
      case 'delete':
        return this.#remove(this.#cursor, this.#after());
      case 'left':
        return this.#move(this.#before());
      case 'right':
        return this.#move(this.#after());
      case 'home':
        return this.#move(this.#lineStart());
      case 'end':
        return this.#move(this.#lineEnd());
      case 'up':
        return this.#up();
      case 'down':
        return this.#down();
      default:
        return this.#insert(printable(sequence));
    }
  }

  #pressControl({ name }: Key): KeyOutcome {
    switch (name) {
      case 'a':
        return this.#move(this.#lineStart());
      case 'e':
        return this.#move(this.#lineEnd());
      case 'b':
        return this.#move(this.#before());
      case 'f':
        return this.#move(this.#after());
      case 'left':
        return this.#move(this.#wordStart());
      case 'right':
        return this.#move(this.#wordEnd());
      case 'h':
        return this.#remove(this.#before(), this.#cursor);
      case 'd':
        return this.#text === '' ? 'end' : this.#remove(this.#cursor, this.#after());
      case 'k':
        return this.#kill(this.#cursor, Math.max(this.#lineEnd(), this.#after()));
      case 'u':
        return this.#kill(Math.min(this.#lineStart(), this.#before()), this.#cursor);
      case 'w':
        return this.#kill(this.#wordStart(), this.#cursor);
      case 'y':
        return this.#insert(this.#killed);
      case 'p':
        return this.#up();
      case 'n':
        return this.#down();
      case 'c':
        return 'interrupt';
      case 'l':
        return 'redraw';
      case 'z':
        return 'suspend';
      default:
        return 'none';
    }
  }

  #pressMeta({ name }: Key): KeyOutcome {
    switch (name) {
      case 'return':
      case 'enter':
        return this.#insert('\n');
      case 'b':
      case 'left':
        return this.#move(this.#wordStart());
      case 'f':
      case 'right':
        return this.#move(this.#wordEnd());
      case 'd':
        return this.#kill(this.#cursor, this.#wordEnd());
      case 'backspace':
        return this.#kill(this.#wordStart(), this.#cursor);
      default:
        return 'none';
    }
  }

  /** A backslash at the end goes on in another line. */
  #return(): KeyOutcome {
    if (this.#cursor !== this.#text.length || !this.#text.endsWith('\\')) return 'submit';
    this.#cut(this.#cursor - 1, this.#cursor);
    return this.#insert('\n');
  }

  #insert(added: string): KeyOutcome {
    if (added === '') return 'none';
    if (this.#text.length + added.length > INPUT_CHARACTERS_MAX) return 'full';
    this.#text = this.#text.slice(0, this.#cursor) + added + this.#text.slice(this.#cursor);
    this.#cursor += added.length;
    this.#recalled = undefined;
    return 'edited';
  }

  #kill(from: number, to: number): KeyOutcome {
    if (to > from) this.#killed = this.#text.slice(from, to);
    return this.#remove(from, to);
  }

  #remove(from: number, to: number): KeyOutcome {
    if (to <= from) return 'none';
    this.#cut(from, to);
    return 'edited';
  }

  #cut(from: number, to: number): void {
    this.#text = this.#text.slice(0, from) + this.#text.slice(to);
    this.#cursor = from;
    this.#recalled = undefined;
  }

  #move(to: number): KeyOutcome {
    if (to === this.#cursor) return 'none';
    this.#cursor = to;
    return 'edited';
  }

  /** One line up, and from the first one into the history. */
  #up(): KeyOutcome {
    const start = this.#lineStart();
    if (start > 0) return this.#move(this.#inLine(start - 1));
    const index = (this.#recalled?.index ?? this.#history.length) - 1;
    return this.#recall(index);
  }

  #down(): KeyOutcome {
    const end = this.#lineEnd();
    if (end < this.#text.length) return this.#move(this.#inLine(end + 1));
    return this.#recalled === undefined ? 'none' : this.#recall(this.#recalled.index + 1);
  }

  #recall(index: number): KeyOutcome {
    if (index < 0) return 'none';
    const own = this.#recalled?.own ?? this.#text;
    const entry = this.#history[index];
    this.replace(entry ?? own);
    this.#recalled = entry === undefined ? undefined : { index, own };
    return 'edited';
  }

  /** The place in the line that holds `position` that is as many characters from its start as the cursor is in its own. */
  #inLine(position: number): number {
    const offset = graphemesOf(this.#text.slice(this.#lineStart(), this.#cursor)).length;
    const start = this.#text.lastIndexOf('\n', position - 1) + 1;
    const found = this.#text.indexOf('\n', start);
    const line = this.#text.slice(start, found < 0 ? undefined : found);
    return start + graphemesOf(line).slice(0, offset).join('').length;
  }

  #before(): number {
    const last = graphemesOf(this.#text.slice(0, this.#cursor)).at(-1);
    return this.#cursor - (last?.length ?? 0);
  }

  #after(): number {
    return this.#cursor + (graphemesOf(this.#text.slice(this.#cursor))[0]?.length ?? 0);
  }

  #lineStart(): number {
    return this.#text.slice(0, this.#cursor).lastIndexOf('\n') + 1;
  }

  #lineEnd(): number {
    const end = this.#text.indexOf('\n', this.#cursor);
    return end < 0 ? this.#text.length : end;
  }

  #wordStart(): number {
    return this.#cursor - (/\S*\s*$/.exec(this.#text.slice(0, this.#cursor))?.[0].length ?? 0);
  }

  #wordEnd(): number {
    return this.#cursor + (/^\s*\S*/.exec(this.#text.slice(this.#cursor))?.[0].length ?? 0);
  }
}

/** The sequence of a key that stands for itself. */
function printable(sequence: string): string {
  return /\p{Cc}/u.test(sequence) ? '' : sequence;
}
