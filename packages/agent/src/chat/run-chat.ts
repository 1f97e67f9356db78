/** runChat: the chat on the terminal of this process, from the first line to the last. */
import type { Paint } from '@sealane/node/log';
import { systemClock, type ChatClock } from './chat-clock.ts';
import type { ChatModel } from './chat-model.ts';
import { ProcessTerminal, type StoppableProcess, type TerminalInput, type TerminalOutput } from './chat-terminal.ts';
import { Chat } from './chat.ts';
import { PlainView } from './plain-view.ts';
import { ScreenView } from './screen-view.ts';

interface RunChatOptions {
  readonly model: ChatModel;
  /** A user or a group; without, the list is shown. */
  readonly name: string | undefined;
  /** Lines one after the other instead of a screen. */
  readonly isPlain: boolean;
  readonly paint: Paint;
  readonly stdin: TerminalInput;
  readonly stdout: TerminalOutput;
  readonly process: StoppableProcess;
  readonly cwd: string;
  /** Ends the chat. */
  readonly signal: AbortSignal;
  readonly clock?: ChatClock;
}

/** Resolves when the person has left, or `signal` ended it, and the terminal is as it was. */
export async function runChat(options: RunChatOptions): Promise<void> {
  const { model, name, cwd, signal, clock = systemClock() } = options;
  const view = options.isPlain ? plainView(options, clock) : screenView(options, clock);
  const chat = new Chat({ model, view, clock, cwd });
  const end = (): void => chat.end();
  signal.addEventListener('abort', end);
  view.start(chat);
  try {
    await Promise.race([chat.start(name).then(() => chat.whenEnded), chat.whenEnded]);
  } finally {
    signal.removeEventListener('abort', end);
    await chat.stop();
    view.stop();
  }
}

function screenView({ stdin, stdout, process, paint }: RunChatOptions, clock: ChatClock): ScreenView {
  const terminal = new ProcessTerminal({ stdin, stdout, process });
  return new ScreenView({ terminal, paint, timeOf: clock.timeOf, after: clock.after });
}

function plainView({ stdin, stdout, paint }: RunChatOptions, clock: ChatClock): PlainView {
  const print = (line: string): void => void stdout.write(`${line}\n`);
  return new PlainView({ stdin, print, paint, timeOf: clock.timeOf, after: clock.after });
}
