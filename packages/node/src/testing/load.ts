/** Load: what runs of real programs publish. Not part of the product. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { AgentProgram, AgentPrograms } from './agent-program.ts';
import type { RunLog } from './run-log.ts';
import { until } from './until.ts';

const EVERY_MS = 20;
const MS_PER_SECOND = 1_000;
/** Of each publisher. */
const LINES_PER_SECOND = 1_250;
/** Lines ahead of the receipts: what is lost of a pipe would never be published. */
const AHEAD_MAX = 2_000;
/** Time for what waits to get its receipts. */
const END_MS_MAX = 600_000;

export interface LoadOptions {
  readonly log: RunLog;
  /** Where each publisher connects to; the last one counts for those that follow. */
  readonly ports: readonly number[];
  /** Flags of the publishers, such as `['--topic', 'load']`. */
  readonly to: readonly (readonly string[])[];
  /** Of each publisher. */
  readonly linesPerSecond?: number;
}

/**
 * Publishing programs that are fed numbered lines (`publisher0-1` …) until `end`; any of them may be killed meanwhile.
 */
export class Load {
  readonly #log: RunLog;
  readonly #linesEach: number;
  readonly #publishers: readonly Publisher[];
  readonly #feeding: Promise<void>;
  #isEnding = false;

  /** Starts the publishers. */
  constructor(agents: AgentPrograms, { log, ports, to, linesPerSecond = LINES_PER_SECOND }: LoadOptions) {
    this.#log = log;
    this.#linesEach = Math.ceil((linesPerSecond * EVERY_MS) / MS_PER_SECOND);
    this.#publishers = to.map((words, index) => {
      const port = ports[index] ?? ports.at(-1) ?? 0;
      return new Publisher({ agents, port, name: `publisher${index}`, words });
    });
    this.#feeding = Promise.all(this.#publishers.map((publisher) => this.#feed(publisher))).then(() => undefined);
  }

  get receipts(): number {
    return this.#publishers.reduce((sum, { receipts }) => sum + receipts, 0);
  }

  /** The programs that publish now. */
  get programs(): readonly AgentProgram[] {
    return this.#publishers.map(({ program }) => program);
  }

  /** kill -9 of a publisher; its outbox is taken over by one of the same name. */
  async killPublisher(index: number): Promise<void> {
    await this.#publishers[index]?.restart();
  }

  /** No more lines; resolves when each line has its receipt. @returns how many there are. */
  async end(limitMs = END_MS_MAX, signal?: AbortSignal): Promise<number> {
    this.#isEnding = true;
    await this.#feeding;
    const programs = this.#publishers.map((publisher) => publisher.program);
    for (const { child } of programs) child.stdin.end();
    const progress = (): string => `${this.receipts} receipts; ${programs.map(({ stderr }) => stderr).join('')}`;
    const haveEnded = (): boolean => programs.every(({ isRunning }) => !isRunning);
    await until('every line has its receipt', haveEnded, { limitMs, signal }, () => progress().slice(-2_000));
    for (const { name, program, allLines } of this.#publishers) {
      const code = await program.ended;
      if (code !== 0) throw new Error(`${name} ended with ${code ?? 'a signal'}: ${program.stderr.slice(-2_000)}`);
      for (const lines of allLines) this.#log.receipts(lines);
    }
    return this.#log.receiptCount;
  }

  async #feed(publisher: Publisher): Promise<void> {
    const { name } = publisher;
    for (let number = 1; !this.#isEnding && (publisher.isRestarting || publisher.program.isRunning);) {
      if (!publisher.isRestarting && publisher.ahead < AHEAD_MAX) {
        for (const end = number + this.#linesEach; number < end; number++) {
          this.#log.publish(`${name}-${number}`);
          publisher.feed(`${name}-${number}\n`);
        }
      }
      await sleep(EVERY_MS);
    }
  }
}

interface PublisherOptions {
  readonly agents: AgentPrograms;
  readonly port: number;
  readonly name: string;
  readonly words: readonly string[];
}

/** One publisher: the program that runs, and those before it. */
class Publisher {
  readonly name: string;
  readonly #start: () => AgentProgram;
  readonly #programs: AgentProgram[] = [];
  program: AgentProgram;
  isRestarting = false;
  #fed = 0;

  constructor({ agents, port, name, words }: PublisherOptions) {
    this.name = name;
    // The lines name the publisher; --timeout lifts the patience of a command that gets no receipt.
    this.#start = () => agents.start(port, name, ['publish', '--stdin-lines', '--timeout', '600', ...words]);
    this.program = this.#start();
    this.#programs.push(this.program);
  }

  get receipts(): number {
    return this.#programs.reduce((sum, { lines }) => sum + lines.length, 0);
  }

  get ahead(): number {
    return this.#fed - this.program.lines.length;
  }

  /** Of each program what it printed. */
  get allLines(): readonly AgentProgram['lines'][] {
    return this.#programs.map(({ lines }) => lines);
  }

  feed(line: string): void {
    this.#fed += 1;
    this.program.child.stdin.write(line);
  }

  async restart(): Promise<void> {
    this.isRestarting = true;
    await this.program.kill();
    this.program = this.#start();
    this.#programs.push(this.program);
    this.#fed = 0;
    this.isRestarting = false;
  }
}
