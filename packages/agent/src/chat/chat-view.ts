/** ChatView: what the chat shows itself on. There are two: a screen whose last rows change, and plain lines. */
import type { Completion } from './completion.ts';
import type { Entry, MessageEntry } from './entry.ts';

/** What is true right now, in words that a terminal may get. */
export interface ChatStatus {
  /** What stands before the input. */
  readonly prompt: string;
  readonly isConnected: boolean;
  /** Who types, what is under way. */
  readonly activity: readonly string[];
}

export interface ChatView {
  /** Adds at the end of the record. */
  append(entries: readonly Entry[]): void;
  /** Shows a message that was shown before as it is now. @returns whether that is seen: what has scrolled away stays. */
  change(entry: MessageEntry): boolean;
  setStatus(status: ChatStatus): void;
  /** What is being written; unknown where the terminal itself keeps it. */
  readonly input: string | undefined;
  setInput(text: string): void;
  /** Asks for yes or no; no where it cannot be asked. */
  ask(question: string): Promise<boolean>;
}

/** What a view tells: what a person does. */
export interface ChatInput {
  submit(text: string): void;
  /** The text being written is another one. */
  inputChanged(text: string): void;
  complete(before: string): Promise<Completion>;
  /** Ctrl-C on an empty line. */
  interrupt(): void;
  /** Ctrl-D on an empty line, or the terminal is gone. */
  end(): void;
}
