/** ChatTerminal: the little that the screen needs of a terminal, and the one around this process. */
import { emitKeypressEvents } from 'node:readline';
import type { Readable } from 'node:stream';
import type { TerminalStream } from '@sealane/node/cli';
import type { Key } from './line-editor.ts';

/** What a terminal tells. */
export interface TerminalEvents {
  key(key: Key): void;
  resized(): void;
  /** The process was stopped, and goes on. */
  resumed(): void;
  /** Nobody is there any more. */
  closed(): void;
}

export interface ChatTerminal {
  readonly columns: number;
  readonly rows: number;
  write(text: string): void;
  /** Takes the keyboard. */
  start(events: TerminalEvents): void;
  /** Gives it back as it was. */
  stop(): void;
  /** Stops the process, as Ctrl-Z does, with the terminal as it was. */
  suspend(): void;
}

/** Standard input of a terminal. */
export type TerminalInput = Readable & { readonly isTTY?: boolean; setRawMode?(isRaw: boolean): unknown };
/** Standard output of a terminal. */
export type TerminalOutput = TerminalStream & { readonly rows?: number | undefined };

const COLUMNS_DEFAULT = 80;
const ROWS_DEFAULT = 24;
/** Narrower ones get rows of this width. */
const COLUMNS_MIN = 16;

/** Within this time the system has stopped the process that asked for it. */
const STOPPED_MS = 100;

/** Pasted text comes between marks, so that its line breaks are not taken for the return key. */
const PASTE_MARKS_ON = '\u001b[?2004h';
const PASTE_MARKS_OFF = '\u001b[?2004l';

/** What of `process` is used: to stop itself, and to know that it goes on. */
export interface StoppableProcess {
  readonly pid: number;
  kill(pid: number, signal: 'SIGTSTP'): unknown;
  on(signal: 'SIGCONT', listener: () => void): unknown;
  off(signal: 'SIGCONT', listener: () => void): unknown;
}

interface ProcessTerminalOptions {
  readonly stdin: TerminalInput;
  readonly stdout: TerminalOutput;
  readonly process: StoppableProcess;
}

export class ProcessTerminal implements ChatTerminal {
  readonly #options: ProcessTerminalOptions;
  #events: TerminalEvents | undefined;
  readonly #onKey = (character: string | undefined, key: Key): void => {
    this.#events?.key({ ...key, sequence: character ?? key.sequence });
  };
  readonly #onResize = (): void => this.#events?.resized();
  readonly #onClosed = (): void => this.#events?.closed();
  readonly #onContinue = (): void => {
    if (this.#events === undefined) return;
    this.#take();
    this.#events.resumed();
  };

  constructor(options: ProcessTerminalOptions) {
    this.#options = options;
  }

  get columns(): number {
    // A terminal that does not tell its size says 0.
    return Math.max(COLUMNS_MIN, this.#options.stdout.columns || COLUMNS_DEFAULT);
  }

  get rows(): number {
    return this.#options.stdout.rows || ROWS_DEFAULT;
  }

  write(text: string): void {
    this.#options.stdout.write(text);
  }

  start(events: TerminalEvents): void {
    const { stdin, stdout, process } = this.#options;
    this.#events = events;
    emitKeypressEvents(stdin);
    stdin.on('keypress', this.#onKey);
    stdin.on('end', this.#onClosed);
    stdin.on('error', this.#onClosed);
    stdout.on('error', this.#onClosed);
    stdout.on('resize', this.#onResize);
    process.on('SIGCONT', this.#onContinue);
    this.#take();
    stdin.resume();
  }

  stop(): void {
    const { stdin, stdout, process } = this.#options;
    if (this.#events === undefined) return;
    this.#events = undefined;
    this.#giveBack();
    stdin.off('keypress', this.#onKey);
    stdin.off('end', this.#onClosed);
    stdout.off('resize', this.#onResize);
    process.off('SIGCONT', this.#onContinue);
    stdin.pause();
  }

  suspend(): void {
    this.#giveBack();
    this.#options.process.kill(this.#options.process.pid, 'SIGTSTP');
    // Where no shell could wake it, the system does not stop it; where it was stopped, this is when it goes on.
    setTimeout(this.#onContinue, STOPPED_MS);
  }

  #take(): void {
    this.#options.stdin.setRawMode?.(true);
    this.write(PASTE_MARKS_ON);
  }

  #giveBack(): void {
    this.write(PASTE_MARKS_OFF);
    this.#options.stdin.setRawMode?.(false);
  }
}
