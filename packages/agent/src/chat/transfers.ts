/** Transfers: the files under way, in the background of a chat; all of them end when it ends, and are resumed later. */
import type { ChatTransfer } from './chat-model.ts';
import { transferWords } from './chat-words.ts';

export class Transfers {
  readonly #onChange: () => void;
  readonly #controller = new AbortController();
  readonly #underWay = new Map<symbol, string>();

  constructor(onChange: () => void) {
    this.#onChange = onChange;
  }

  get count(): number {
    return this.#underWay.size;
  }

  /** Whether they were ended from here. */
  get isCancelled(): boolean {
    return this.#controller.signal.aborted;
  }

  /** One line each. */
  get words(): readonly string[] {
    return [...this.#underWay.values()];
  }

  /** Runs one. @param name what is shown of it. */
  async run<Result>(name: string, work: (transfer: ChatTransfer) => Promise<Result>): Promise<Result> {
    const key = Symbol(name);
    const show = (doneBytes: number, totalBytes: number): void => {
      const before = this.#underWay.get(key);
      const words = transferWords(name, doneBytes, totalBytes);
      if (words === before) return;
      this.#underWay.set(key, words);
      this.#onChange();
    };
    show(0, 0);
    try {
      return await work({ signal: this.#controller.signal, onProgress: show });
    } finally {
      this.#underWay.delete(key);
      this.#onChange();
    }
  }

  cancel(): void {
    this.#controller.abort();
  }
}
