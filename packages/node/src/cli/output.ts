/**
 * What a command prints: data on stdout, as JSON lines or for people, everything else on stderr. A reader that goes
 * away (`| head -1`) and a full disk behind stdout are seen here and end the command in an orderly way (fault C2).
 */
import type { Writable } from 'node:stream';
import type { Paint } from '../log/index.ts';

/** A stream a person may look at. */
export type TerminalStream = Writable & { readonly isTTY?: boolean | undefined; readonly columns?: number | undefined };

/** One JSON line; the first field names the kind. */
export type OutputRecord = Readonly<Record<string, unknown>>;

interface OutputOptions {
  readonly stdout: TerminalStream;
  readonly stderr: TerminalStream;
  readonly json: boolean;
  readonly quiet: boolean;
  readonly paint: Paint;
  /** Called once when stdout takes no more; `EPIPE` when its reader is gone. */
  readonly onStdoutFailed: (error: Error) => void;
}

/** The two streams of a command. None of the methods throws. */
export class Output {
  /** Whether stdout carries JSON lines. */
  readonly json: boolean;
  /** Colours for stdout, where it has them. */
  readonly paint: Paint;
  readonly stderr: TerminalStream;
  readonly quiet: boolean;
  readonly #stdout: TerminalStream;
  #failed: Error | undefined;

  constructor(options: OutputOptions) {
    this.json = options.json;
    this.paint = options.paint;
    this.quiet = options.quiet;
    this.#stdout = options.stdout;
    this.stderr = options.stderr;
    this.#stdout.on('error', (error) => {
      if (this.#failed !== undefined) return;
      this.#failed = error;
      options.onStdoutFailed(error);
    });
    // Nobody can be told that stderr is gone.
    this.stderr.on('error', () => undefined);
  }

  /**
   * Prints one result: `record` as a JSON line with --json, else `human`, where given, as a line.
   *
   * @returns whether the system took it; wait for it before telling anybody that it was printed.
   */
  emit(record: OutputRecord, human?: string): Promise<boolean> {
    if (this.json) return this.#write(`${JSON.stringify(record)}\n`);
    return human === undefined ? Promise.resolve(true) : this.#write(`${human}\n`);
  }

  /** Prints a text as it is, in both modes: scripts, tokens, help. */
  raw(text: string): Promise<boolean> {
    return this.#write(text);
  }

  /** Tells a person something that is not the result: on stderr, not with --quiet. */
  note(text: string): void {
    if (!this.quiet) this.warn(text);
  }

  /** Tells a person something they must see, on stderr. */
  warn(text: string): void {
    this.stderr.write(`${text}\n`);
  }

  /** Columns of the terminal behind stdout; undefined where there is none, or it carries JSON lines. */
  get columns(): number | undefined {
    return this.json || this.#stdout.isTTY !== true ? undefined : this.#stdout.columns;
  }

  /** Whether stdout takes colours. */
  get hasColours(): boolean {
    return this.paint('bold', 'x') !== 'x';
  }

  /** Why stdout takes no more, if so. */
  get failed(): Error | undefined {
    return this.#failed;
  }

  /** Resolves when stdout has taken everything. */
  async flush(): Promise<void> {
    await this.#write('');
  }

  #write(text: string): Promise<boolean> {
    if (this.#failed !== undefined || this.#stdout.destroyed) return Promise.resolve(false);
    return new Promise((resolve) => {
      this.#stdout.write(text, (error) => resolve(error === undefined || error === null));
    });
  }
}
