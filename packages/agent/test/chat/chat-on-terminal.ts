/** A chat as a person has it: keys in, a terminal's picture out; messaging is in memory, the clock stands still unless it is moved. */
import { PassThrough, Writable } from 'node:stream';
import { setImmediate as turn } from 'node:timers/promises';
import { painter } from '@sealane/node/log';
import { Chat } from '../../src/chat/chat.ts';
import { systemClock, type ChatClock } from '../../src/chat/chat-clock.ts';
import { ProcessTerminal, type StoppableProcess } from '../../src/chat/chat-terminal.ts';
import { PlainView } from '../../src/chat/plain-view.ts';
import { ScreenView } from '../../src/chat/screen-view.ts';
import { START_AT, type MemoryChatModel } from './memory-chat-model.ts';
import { VirtualTerminal } from './virtual-terminal.ts';

/** Time that only the test moves. */
export class TestClock implements ChatClock {
  readonly #written = systemClock('UTC');
  #now = START_AT;
  #tasks: { readonly at: number; readonly task: () => void }[] = [];

  readonly now = (): number => this.#now;
  readonly timeOf = (at: number): string => this.#written.timeOf(at);
  /** With or without a comma, as the data of Node.js has it. */
  readonly dayOf = (at: number): string => this.#written.dayOf(at).replace(',', '');

  readonly after = (ms: number, task: () => void): (() => void) => {
    const entry = { at: this.#now + ms, task };
    this.#tasks.push(entry);
    return () => (this.#tasks = this.#tasks.filter((each) => each !== entry));
  };

  move(ms: number): void {
    this.#now += ms;
    const due = this.#tasks.filter(({ at }) => at <= this.#now);
    this.#tasks = this.#tasks.filter(({ at }) => at > this.#now);
    for (const { task } of due) task();
  }
}

export interface TestChatOptions {
  readonly columns?: number;
  readonly rows?: number;
  readonly open?: string;
  readonly cwd?: string;
  readonly colour?: boolean;
}

export class ChatOnTerminal {
  readonly clock = new TestClock();
  readonly terminal: VirtualTerminal;
  readonly chat: Chat;
  readonly stdout: Writable & { columns: number; rows: number };
  isRaw = false;
  readonly signals: string[] = [];
  #hasEnded = false;
  readonly #stdin = new PassThrough();
  readonly #view: ScreenView;
  #continue: () => void = () => undefined;

  constructor(model: MemoryChatModel, { columns = 80, rows = 24, cwd = '/', colour = false }: TestChatOptions) {
    const terminal = new VirtualTerminal(columns, rows);
    this.terminal = terminal;
    const write = (chunk: Buffer, _: string, done: () => void): void => {
      terminal.write(chunk.toString());
      done();
    };
    this.stdout = Object.assign(new Writable({ write }), { columns, rows });
    const stdin = Object.assign(this.#stdin, { isTTY: true, setRawMode: (isRaw: boolean) => (this.isRaw = isRaw) });
    const signals = this.signals;
    const process: StoppableProcess = {
      pid: 1,
      kill: (_, signal) => signals.push(signal),
      on: (_, listener) => (this.#continue = listener),
      off: () => undefined,
    };
    const paint = painter({ mode: colour ? 'always' : 'never', environment: {}, stream: {} });
    this.#view = new ScreenView({
      terminal: new ProcessTerminal({ stdin, stdout: this.stdout, process }),
      paint,
      timeOf: this.clock.timeOf,
      after: this.clock.after,
    });
    this.chat = new Chat({ model, view: this.#view, clock: this.clock, cwd });
    void this.chat.whenEnded.then(() => (this.#hasEnded = true));
  }

  static async start(model: MemoryChatModel, options: TestChatOptions = {}): Promise<ChatOnTerminal> {
    const started = new ChatOnTerminal(model, options);
    started.#view.start(started.chat);
    await started.chat.start(options.open);
    await settled();
    return started;
  }

  /** Keys as a terminal sends them; `\r` is the return key. */
  async type(keys: string): Promise<void> {
    this.#stdin.write(keys);
    await settled();
  }

  /** Types, and waits until the picture has some words: for what reads files meanwhile. */
  async typeUntil(keys: string, words: string): Promise<void> {
    await this.type(keys);
    const deadline = Date.now() + 5_000;
    while (!this.shown.includes(words) && Date.now() < deadline) await settled();
  }

  async paste(text: string): Promise<void> {
    await this.type(`\u001b[200~${text}\u001b[201~`);
  }

  async resize(columns: number, rows: number): Promise<void> {
    this.terminal.resize(columns, rows);
    Object.assign(this.stdout, { columns, rows });
    this.stdout.emit('resize');
    this.clock.move(1_000);
    await settled();
  }

  async continue(): Promise<void> {
    this.#continue();
    await settled();
  }

  async stop(): Promise<void> {
    await this.chat.stop();
    this.#view.stop();
  }

  /** The terminal went away. */
  async hangUp(): Promise<void> {
    this.#stdin.end();
    await settled();
  }

  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  /** The last row that has something: the prompt. */
  get prompt(): string {
    return this.terminal.screen.findLast((row) => row !== '') ?? '';
  }

  /** Everything written so far, in lines. */
  get shown(): string {
    return this.terminal.all;
  }

  /** The same, however it is wrapped. */
  get said(): string {
    return this.shown.replace(/\s+/g, ' ');
  }
}

/** The same without a screen. */
export class PlainChat {
  readonly clock = new TestClock();
  readonly chat: Chat;
  readonly printed: string[] = [];
  readonly #stdin = new PassThrough();
  readonly #view: PlainView;

  constructor(model: MemoryChatModel) {
    const { timeOf, after } = this.clock;
    const paint = painter({ mode: 'never', environment: {}, stream: {} });
    const print = (line: string): void => void this.printed.push(line);
    this.#view = new PlainView({ stdin: this.#stdin, print, paint, timeOf, after });
    this.chat = new Chat({ model, view: this.#view, clock: this.clock, cwd: '/' });
  }

  static async start(model: MemoryChatModel, open?: string): Promise<PlainChat> {
    const started = new PlainChat(model);
    started.#view.start(started.chat);
    await started.chat.start(open);
    await settled();
    return started;
  }

  async type(text: string): Promise<void> {
    this.#stdin.write(text);
    await settled();
    this.clock.move(1_000);
    await settled();
  }

  get shown(): string {
    return this.printed.join('\n');
  }
}

/** Long enough for everything that waits for nothing but promises and streams. */
export async function settled(): Promise<void> {
  for (let index = 0; index < 30; index++) await turn();
}
