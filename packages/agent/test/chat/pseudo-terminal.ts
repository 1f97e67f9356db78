/** A program on a pseudo-terminal of script(1): typed keys in, the picture of a terminal out. */
import { spawn, spawnSync, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { VirtualTerminal } from './virtual-terminal.ts';

export const hasPseudoTerminals = spawnSync('script', ['--version']).status === 0;

interface PseudoTerminalOptions {
  readonly columns?: number;
  readonly rows?: number;
  readonly environment?: Readonly<Record<string, string>>;
  /** The program is brought back when it has been stopped. */
  readonly isStoppable?: boolean;
}

export class PseudoTerminal {
  readonly terminal: VirtualTerminal;
  /** All that was written, as it came. */
  raw = '';
  readonly ended: Promise<number | null>;
  readonly #child: ChildProcessWithoutNullStreams;

  /** @param words of a program for Node.js. */
  constructor(words: readonly string[], options: PseudoTerminalOptions = {}) {
    const { columns = 80, rows = 24, environment = {}, isStoppable = false } = options;
    this.terminal = new VirtualTerminal(columns, rows);
    const node = [process.execPath, '--conditions=@sealane/source', ...words].map(quoted).join(' ');
    // The settings of the terminal before and after are compared.
    const stopped = isStoppable ? 'echo stopped=$?; stty -g; fg >/dev/null; ' : '';
    const shell = `set -m; tty; stty cols ${columns} rows ${rows}; stty -g; ${node}; ${stopped}echo exit=$?; stty -g`;
    const inherited = Object.entries(process.env).filter(
      ([name]) => !/^(SEALANE_|XDG_|NODE_OPTIONS$|NO_COLOR)/.test(name),
    );
    this.#child = spawn('script', ['-qfec', shell, '/dev/null'], {
      env: { ...Object.fromEntries(inherited), TERM: 'xterm-256color', ...environment },
    });
    const decoder = new TextDecoder();
    this.#child.stdout.on('data', (chunk: Buffer) => {
      const text = decoder.decode(chunk, { stream: true });
      this.raw += text;
      this.terminal.write(text);
    });
    this.ended = new Promise((resolve) => this.#child.on('close', resolve));
  }

  /** Gives the terminal another size. */
  resize(columns: number, rows: number): void {
    const device = /\/dev\/\S+/.exec(this.raw)?.[0] ?? '';
    this.terminal.resize(columns, rows);
    spawnSync('stty', ['-F', device, 'cols', String(columns), 'rows', String(rows)]);
  }

  type(keys: string): void {
    this.#child.stdin.write(keys);
  }

  /** Waits until the picture has something. */
  async until(words: string | RegExp, timeoutMs = 20_000): Promise<void> {
    const deadline = Date.now() + timeoutMs;
    for (;;) {
      const shown = this.terminal.all;
      if (typeof words === 'string' ? shown.includes(words) : words.test(shown)) return;
      const isOver = this.#child.exitCode !== null || Date.now() > deadline;
      if (isOver) throw new Error(`${words} is not shown:\n${shown}\n${JSON.stringify(this.raw.slice(-2_000))}`);
      await sleep(10);
    }
  }

  /** The exit code of the program, and whether the terminal is set as it was. */
  async outcome(): Promise<{ readonly exit: number; readonly isRestored: boolean }> {
    await this.ended;
    const settings = this.raw.match(/^[0-9a-f]+(?::[0-9a-f]+){10,}/gm) ?? [];
    const exit = /exit=(\d+)/.exec(this.raw)?.[1];
    return { exit: Number(exit ?? -1), isRestored: settings.length > 1 && new Set(settings).size === 1 };
  }

  kill(): void {
    if (this.#child.exitCode === null) this.#child.kill('SIGKILL');
  }
}

function quoted(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`;
}
