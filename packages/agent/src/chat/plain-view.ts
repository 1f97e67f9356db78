/**
 * PlainView: the chat as lines one after the other, for screen readers and terminals that can do no more. Nothing is ever drawn anew;
 * the terminal itself edits the line that is being written.
 */
import { createInterface, type Interface } from 'node:readline';
import type { Readable } from 'node:stream';
import type { Paint } from '@sealane/node/log';
import type { ChatInput, ChatStatus, ChatView } from './chat-view.ts';
import type { Entry, MessageEntry } from './entry.ts';
import { entryRows } from './entry-rows.ts';

/** Lines that come faster than anybody types belong to one pasted text. */
const PASTE_MS = 30;
/** States that are worth a line when an own message reaches them. */
const TOLD_STATES: ReadonlySet<string> = new Set(['delivered', 'read']);

interface PlainViewOptions {
  readonly stdin: Readable;
  /** Writes a line. */
  readonly print: (line: string) => void;
  readonly paint: Paint;
  readonly timeOf: (at: number) => string;
  readonly after: (ms: number, task: () => void) => () => void;
}

export class PlainView implements ChatView {
  readonly #options: PlainViewOptions;
  #lines: Interface | undefined;
  #input: ChatInput | undefined;
  /** Lines of an input that goes on. */
  #begun: string[] = [];
  #waiting: string[] = [];
  #stopWaiting: () => void = () => undefined;
  #answer: ((isYes: boolean) => void) | undefined;
  #isConnected = true;

  constructor(options: PlainViewOptions) {
    this.#options = options;
  }

  start(input: ChatInput): void {
    this.#input = input;
    this.#lines = createInterface({ input: this.#options.stdin, terminal: false });
    this.#lines.on('line', (line) => this.#take(line));
    this.#lines.on('close', () => {
      this.#flush();
      input.end();
    });
    this.#options.stdin.on('error', () => this.#lines?.close());
  }

  stop(): void {
    this.#stopWaiting();
    this.#answer?.(false);
    this.#lines?.removeAllListeners('close');
    this.#lines?.close();
    this.#options.stdin.pause();
  }

  /** The terminal has it; it is known when it is entered. */
  readonly input = undefined;

  setInput(text: string): void {
    if (text !== '') this.#options.print(`Not sent: ${text}`);
  }

  append(entries: readonly Entry[]): void {
    const { paint, timeOf, print } = this.#options;
    for (const entry of entries) {
      for (const row of entryRows(entry, { columns: Infinity, paint, hasLines: false, timeOf })) print(row);
    }
  }

  change({ message, number }: MessageEntry): boolean {
    if (message.isOwn && TOLD_STATES.has(message.state)) this.#options.print(`#${number} ${message.state}`);
    return false;
  }

  setStatus({ isConnected }: ChatStatus): void {
    if (isConnected === this.#isConnected) return;
    this.#isConnected = isConnected;
    this.#options.print(isConnected ? 'Connected.' : 'Not connected: what you write is sent later.');
  }

  ask(question: string): Promise<boolean> {
    this.#answer?.(false);
    this.#options.print(`${question} Type y or n.`);
    return new Promise((resolve) => {
      this.#answer = (isYes) => {
        this.#answer = undefined;
        resolve(isYes);
      };
    });
  }

  #take(line: string): void {
    if (this.#answer !== undefined) {
      this.#answer(/^\s*y(es)?\s*$/i.test(line));
      return;
    }
    this.#waiting.push(line);
    this.#stopWaiting();
    this.#stopWaiting = this.#options.after(PASTE_MS, () => this.#flush());
  }

  #flush(): void {
    const lines = this.#waiting;
    this.#waiting = [];
    const isPasted = lines.length > 1 && !lines.some((line) => line.startsWith('/'));
    for (const line of isPasted ? [lines.join('\n')] : lines) {
      const goesOn = line.endsWith('\\');
      this.#begun.push(goesOn ? line.slice(0, -1) : line);
      if (goesOn) continue;
      this.#input?.submit(this.#begun.join('\n'));
      this.#begun = [];
    }
  }
}
