/**
 * MessagePrinter: prints messages as they come, each once, when its outcome is known. It reads the database, so that it makes no
 * difference which process of the data directory takes them from the server.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { SealaneError } from '@sealane/shared/errors';
import type { Output } from '@sealane/node/cli';
import type { Message, MessagingClient } from '../messaging/index.ts';
import { messageRecord, shownMessage } from './messaging-context.ts';

/** How often the database is read for what another process wrote. */
const LOOK_MS = 250;
const PAGE_ROWS = 200;

export class MessagePrinter {
  readonly #output: Output;
  readonly #count: number | undefined;
  readonly #markRead: boolean;
  /** Ids that are waited for. */
  readonly #open = new Set<string>();
  #printed = 0;
  #last = 0;

  constructor(options: { readonly output: Output; readonly count: number | undefined; readonly markRead: boolean }) {
    this.#output = options.output;
    this.#count = options.count;
    this.#markRead = options.markRead;
  }

  /** Prints until there were enough, the reader is gone, or the time is up. */
  async run(messaging: MessagingClient, signal: AbortSignal): Promise<void> {
    await messaging.requireAccount();
    this.#last = (await messaging.latest(1))[0]?.order ?? 0;
    let wake = Promise.withResolvers<undefined>();
    messaging.on('event', () => wake.resolve(undefined));
    let isSyncing = false;
    for (;;) {
      signal.throwIfAborted();
      isSyncing ||= await messaging.listen();
      if (!(await this.#printNew(messaging))) return;
      if (this.#isEnough) break;
      await Promise.race([wake.promise, sleep(LOOK_MS, undefined, { signal })]);
      wake = Promise.withResolvers<undefined>();
    }
    await messaging.flush();
  }

  /** Whether the error says that --timeout passed. */
  isTimeUp(error: unknown): boolean {
    return error instanceof SealaneError && error.code === 'E_TIMEOUT';
  }

  get #isEnough(): boolean {
    return this.#count !== undefined && this.#printed >= this.#count;
  }

  /** @returns false when nobody reads any more. */
  async #printNew(messaging: MessagingClient): Promise<boolean> {
    for (const id of [...this.#open]) {
      const message = await messaging.message(id);
      if (message === undefined) this.#open.delete(id);
      else if (!(await this.#print(messaging, message))) return false;
    }
    for (;;) {
      const page = await messaging.since(this.#last, PAGE_ROWS);
      for (const message of page) {
        if (this.#isEnough) return true;
        this.#last = message.order;
        if (message.kind === 'event' || (message.isOwn && message.state !== 'sent')) continue;
        if (!(await this.#print(messaging, message))) return false;
      }
      if (page.length < PAGE_ROWS) return true;
    }
  }

  async #print(messaging: MessagingClient, message: Message): Promise<boolean> {
    if (message.state === 'waiting' || message.state === 'healing') {
      this.#open.add(message.id);
      return true;
    }
    this.#open.delete(message.id);
    if (!(await this.#output.emit(messageRecord(message), await shownMessage(messaging, message)))) return false;
    this.#printed++;
    if (this.#markRead) await messaging.markRead(message.conversation, message.order);
    return true;
  }
}
