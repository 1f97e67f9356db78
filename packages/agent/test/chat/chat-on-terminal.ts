/** A chat as a person has it: keys in, a terminal's picture out. */
import { PassThrough, Writable } from 'node:stream';
import { setImmediate as turn, setTimeout as sleep } from 'node:timers/promises';
import { painter } from '@sealane/node/log';
import { Chat } from '../../src/chat/chat.ts';
import { systemClock, type ChatClock } from '../../src/chat/chat-clock.ts';
import { ProcessTerminal, type StoppableProcess } from '../../src/chat/chat-terminal.ts';
import { PlainView } from '../../src/chat/plain-view.ts';
import { ScreenView } from '../../src/chat/screen-view.ts';
import type { ChatModel } from '../../src/chat/chat-model.ts';
import { START_AT } from './memory-chat-model.ts';
import { VirtualTerminal } from './virtual-terminal.ts';

/** Time that only the test moves, unless it is live. */
export class TestClock implements ChatClock {
  readonly #written = systemClock('UTC');
  readonly #isLive: boolean;
  #now = START_AT;
  #tasks: { readonly at: number; readonly task: () => void }[] = [];

  constructor(isLive = false) {
    this.#isLive = isLive;
  }

  readonly now = (): number => (this.#isLive ? Date.now() : this.#now);
  readonly timeOf = (at: number): string => this.#written.timeOf(at);
  /** With or without a comma, as the data of Node.js has it. */
  readonly dayOf = (at: number): string => this.#written.dayOf(at).replace(',', '');

  readonly after = (ms: number, task: () => void): (() => void) => {
    if (this.#isLive) return this.#written.after(ms, task);
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
  /** Time goes on by itself. */
  readonly isLive?: boolean;
}

export class ChatOnTerminal {
  readonly clock: TestClock;
  readonly terminal: VirtualTerminal;
  readonly chat: Chat;
  readonly stdout: Writable & { columns: number; rows: number };
  isRaw = false;
  readonly signals: string[] = [];
  #hasEnded = false;
  readonly #stdin = new PassThrough();
  readonly #view: ScreenView;
  #continue: () => void = () => undefined;

  constructor(model: ChatModel, options: TestChatOptions) {
    const { columns = 80, rows = 24, cwd = '/', colour = false, isLive = false } = options;
    this.clock = new TestClock(isLive);
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

  static async start(model: ChatModel, options: TestChatOptions = {}): Promise<ChatOnTerminal> {
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

  /** Types, and waits until the picture has some words: for what does not happen at once. */
  async typeUntil(keys: string, words: string | RegExp): Promise<void> {
    await this.type(keys);
    const deadline = Date.now() + 15_000;
    while (typeof words === 'string' ? !this.shown.includes(words) : !words.test(this.shown)) {
      if (Date.now() > deadline) throw new Error(`${words} is not shown:\n${this.shown}`);
      await sleep(5);
      await settled();
    }
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

  constructor(model: ChatModel) {
    const { timeOf, after } = this.clock;
    const paint = painter({ mode: 'never', environment: {}, stream: {} });
    const print = (line: string): void => void this.printed.push(line);
    this.#view = new PlainView({ stdin: this.#stdin, print, paint, timeOf, after });
    this.chat = new Chat({ model, view: this.#view, clock: this.clock, cwd: '/' });
  }

  static async start(model: ChatModel, open?: string): Promise<PlainChat> {
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
