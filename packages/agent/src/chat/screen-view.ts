/**
 * ScreenView: the chat on a terminal. The record grows upwards into the terminal's own scrollback; below it is the line that is being
 * written. What changes is drawn once for all that happened in one turn of the event loop.
 */
import { escapeText } from '@sealane/shared/bytes';
import type { Paint } from '@sealane/node/log';
import type { ChatTerminal } from './chat-terminal.ts';
import type { ChatInput, ChatStatus, ChatView } from './chat-view.ts';
import { commonStart, type Completion } from './completion.ts';
import type { Entry, MessageEntry } from './entry.ts';
import { entryRows, type RowStyle } from './entry-rows.ts';
import { bottomRows } from './input-rows.ts';
import { INPUT_CHARACTERS_MAX, LineEditor, type Key } from './line-editor.ts';
import { Screen, type Frame } from './screen.ts';

/** Entries that a redraw can bring back. */
const ENTRIES_MAX = 400;
/** Sizes come in bursts while a window is dragged. */
const RESIZE_MS = 60;
/** More than anybody types ahead: from then on, no completion is waited for. */
const KEYS_WAITING_MAX = 1_000;
/** Words of a completion that are listed. */
const HINTS_MAX = 40;

interface ScreenViewOptions {
  readonly terminal: ChatTerminal;
  readonly paint: Paint;
  readonly timeOf: (at: number) => string;
  /** Runs a task later, once. */
  readonly after: (ms: number, task: () => void) => () => void;
}

interface Slot {
  entry: Entry;
  rows: readonly string[];
}

export class ScreenView implements ChatView {
  readonly #options: ScreenViewOptions;
  readonly #screen: Screen;
  readonly #editor = new LineEditor();
  #slots: Slot[] = [];
  /** Rows of entries that are not kept any more. */
  #rowsBefore = 0;
  #status: ChatStatus = { prompt: '> ', isConnected: true, activity: [] };
  #hints: readonly string[] = [];
  #question: { readonly words: string; readonly answer: (isYes: boolean) => void } | undefined;
  #input: ChatInput | undefined;
  /** Keys that came while the words of a completion were asked for. */
  #keysWaiting: Key[] | undefined;
  #isDrawing = false;
  #isStopped = false;
  #stopResize: () => void = () => undefined;

  constructor(options: ScreenViewOptions) {
    this.#options = options;
    this.#screen = new Screen((text) => options.terminal.write(text));
  }

  /** Takes the terminal. */
  start(input: ChatInput): void {
    this.#input = input;
    this.#options.terminal.start({
      key: (key) => this.#press(key),
      resized: () => this.#resized(),
      resumed: () => this.#redraw(),
      closed: () => input.end(),
    });
    this.#draw();
  }

  /** Gives it back. */
  stop(): void {
    this.#stopResize();
    this.#question?.answer(false);
    this.#hints = [];
    this.#status = { ...this.#status, activity: [] };
    this.#drawNow();
    this.#isStopped = true;
    this.#screen.finish();
    this.#options.terminal.stop();
  }

  get input(): string {
    return this.#editor.text;
  }

  setInput(text: string): void {
    this.#editor.replace(text);
    this.#draw();
  }

  append(entries: readonly Entry[]): void {
    const style = this.#style;
    for (const entry of entries) this.#slots.push({ entry, rows: entryRows(entry, style) });
    this.#draw();
  }

  change(entry: MessageEntry): boolean {
    let number = this.#rowsBefore;
    let isSeen = false;
    for (const slot of this.#slots) {
      const isSame = slot.entry.kind === 'message' && slot.entry.message.id === entry.message.id;
      if (isSame) slot.entry = entry;
      // What has begun to scroll away cannot change its rows any more, or all below it would move.
      if (isSame && number >= this.#screen.top) {
        slot.rows = entryRows(entry, this.#style);
        isSeen = true;
      }
      number += slot.rows.length;
    }
    this.#draw();
    return isSeen;
  }

  setStatus(status: ChatStatus): void {
    this.#status = status;
    this.#draw();
  }

  ask(question: string): Promise<boolean> {
    this.#question?.answer(false);
    return new Promise((resolve) => {
      const answer = (isYes: boolean): void => {
        this.#question = undefined;
        this.#draw();
        resolve(isYes);
      };
      this.#question = { words: `${question} (y/n) `, answer };
      this.#draw();
    });
  }

  #press(key: Key): void {
    if (this.#keysWaiting !== undefined && this.#keysWaiting.length < KEYS_WAITING_MAX) {
      this.#keysWaiting.push(key);
      return;
    }
    this.#hints = [];
    if (this.#question === undefined) this.#edit(key);
    else this.#answer(key, this.#question.answer);
    this.#draw();
  }

  #answer({ name, ctrl, sequence }: Key, answer: (isYes: boolean) => void): void {
    const isEnd = ctrl === true && (name === 'c' || name === 'd');
    if (sequence?.toLowerCase() === 'y') answer(true);
    else if (isEnd || name === 'return' || name === 'escape' || sequence?.toLowerCase() === 'n') answer(false);
  }

  #edit(key: Key): void {
    const before = this.#editor.text;
    const outcome = this.#editor.press(key);
    switch (outcome) {
      case 'submit':
        this.#input?.submit(this.#editor.take());
        return;
      case 'complete':
        this.#complete();
        return;
      case 'interrupt':
        if (before === '') this.#input?.interrupt();
        else this.#editor.replace('');
        break;
      case 'end':
        this.#input?.end();
        return;
      case 'redraw':
        this.#redraw();
        return;
      case 'suspend':
        this.#drawNow();
        this.#screen.finish();
        this.#options.terminal.suspend();
        return;
      case 'full':
        this.#hints = [`A message has at most ${INPUT_CHARACTERS_MAX} characters: send it with /file.`];
        return;
      case 'edited':
      case 'none':
    }
    if (this.#editor.text !== before) this.#input?.inputChanged(this.#editor.text);
  }

  #complete(): void {
    const { text, cursor } = this.#editor;
    if (this.#input === undefined) return;
    this.#keysWaiting = [];
    void this.#input.complete(text.slice(0, cursor)).then((completion) => {
      const keys = this.#keysWaiting ?? [];
      this.#keysWaiting = undefined;
      if (this.#editor.text === text && this.#editor.cursor === cursor) this.#completed(completion);
      for (const key of keys) this.#press(key);
    });
  }

  #completed({ from, words }: Completion): void {
    const { text, cursor } = this.#editor;
    const [only] = words;
    if (only === undefined) return;
    const word = words.length > 1 ? commonStart(words) : only.endsWith('/') ? only : `${only} `;
    if (word.length >= cursor - from)
      this.#editor.replace(text.slice(0, from) + word + text.slice(cursor), from + word.length);
    if (words.length > 1) {
      const more = words.length > HINTS_MAX ? ' …' : '';
      this.#hints = [words.slice(0, HINTS_MAX).map(escapeText).join('  ') + more];
    }
    this.#draw();
  }

  #resized(): void {
    this.#stopResize();
    this.#stopResize = this.#options.after(RESIZE_MS, () => this.#redraw());
  }

  /** Everything anew: rows are as wide as the terminal is now. */
  #redraw(): void {
    if (this.#isStopped) return;
    const style = this.#style;
    for (const slot of this.#slots) slot.rows = entryRows(slot.entry, style);
    this.#screen.redraw(this.#frame(), this.#rowsMax);
  }

  #draw(): void {
    if (this.#isDrawing || this.#isStopped) return;
    this.#isDrawing = true;
    setImmediate(() => this.#drawNow());
  }

  #drawNow(): void {
    this.#isDrawing = false;
    if (this.#isStopped) return;
    this.#screen.draw(this.#frame(), this.#rowsMax);
    this.#forget();
  }

  #frame(): Frame {
    const record = this.#slots.flatMap(({ rows }) => rows);
    const question = this.#question;
    const bottom = bottomRows(
      {
        activity: question === undefined ? [...this.#status.activity, ...this.#hints] : this.#status.activity,
        prompt: question === undefined ? this.#status.prompt : '',
        text: question?.words ?? this.#editor.text,
        cursor: question?.words.length ?? this.#editor.cursor,
      },
      { columns: this.#style.columns, rowsMax: Math.max(1, this.#rowsMax - 1), paint: this.#options.paint },
    );
    const { row, column } = bottom.cursor;
    return {
      rows: [...record, ...bottom.rows],
      rowsBefore: this.#rowsBefore,
      cursor: { row: record.length + row, column },
    };
  }

  /** What is neither seen nor needed for a redraw. */
  #forget(): void {
    while (this.#slots.length > ENTRIES_MAX) {
      const rows = this.#slots[0]?.rows.length ?? 0;
      if (this.#rowsBefore + rows > this.#screen.top) return;
      this.#rowsBefore += rows;
      this.#slots.shift();
    }
  }

  get #rowsMax(): number {
    return this.#options.terminal.rows;
  }

  get #style(): RowStyle {
    const { terminal, paint, timeOf } = this.#options;
    return { columns: terminal.columns, paint, hasLines: true, timeOf };
  }
}
