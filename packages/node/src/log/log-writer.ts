/**
 * Where lines go: winston with one stream, loaded when the first line is written, because loading it costs about
 * 30 ms of a start. Lines wait in a bounded queue meanwhile. A stream that breaks (EPIPE, full disk) silences the log
 * and never the program.
 */
import { once } from 'node:events';
import type { Writable } from 'node:stream';
import type { Logger as Winston } from 'winston';

const QUEUED_LINES_MAX = 1_000;
/** Bytes that may wait in the stream; a terminal or disk that takes no more costs lines, not memory. */
const STREAM_BYTES_MAX = 1_048_576;

/** One finished line with its level. */
export interface Line {
  readonly level: string;
  readonly text: string;
}

/** Writes lines in order. */
export class LogWriter {
  readonly #stream: Writable;
  readonly #levels: Readonly<Record<string, number>>;
  readonly #queue: Line[] = [];
  #winston: Winston | undefined;
  #loading: Promise<void> | undefined;
  #broken = false;
  #dropped = 0;

  /** @param levels winston's form: name and rank, 0 the most important. */
  constructor(stream: Writable, levels: Readonly<Record<string, number>>) {
    this.#stream = stream;
    this.#levels = levels;
    stream.on('error', () => (this.#broken = true));
  }

  write(line: Line): void {
    if (this.#broken) return;
    if (this.#winston !== undefined) this.#writeNow(this.#winston, line);
    else if (this.#queue.length < QUEUED_LINES_MAX) this.#queue.push(line);
    else this.#dropped++;
    if (this.#winston === undefined) this.#loading ??= this.#load();
  }

  /** Resolves when everything written before is handed to the stream, and the stream has taken it. */
  async flush(): Promise<void> {
    await this.#loading;
    if (this.#broken || this.#stream.writableLength === 0) return;
    await Promise.race([once(this.#stream, 'drain'), once(this.#stream, 'error'), once(this.#stream, 'close')]).catch(
      () => undefined,
    );
  }

  /** Lines that no room was left for. */
  get dropped(): number {
    return this.#dropped;
  }

  /** What is still queued, for the last moment of a process in which nothing asynchronous runs any more. */
  takeQueued(): readonly Line[] {
    return this.#queue.splice(0);
  }

  async #load(): Promise<void> {
    const { default: winston } = await import('winston');
    this.#winston = winston.createLogger({
      level: 'debug',
      levels: this.#levels,
      format: winston.format.printf((entry) => String(entry.message)),
      transports: [new winston.transports.Stream({ stream: this.#stream, eol: '\n' })],
    });
    for (const line of this.#queue.splice(0)) this.#writeNow(this.#winston, line);
  }

  #writeNow(winston: Winston, { level, text }: Line): void {
    if (this.#broken) return;
    if (this.#stream.writableLength > STREAM_BYTES_MAX) this.#dropped++;
    else winston.log(level, text);
  }
}
