/** Load: publishers that are fed numbered lines for as long as a test kills things. Not part of the product. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { AgentProgram, AgentPrograms } from './agent-program.ts';
import type { RunLog } from './run-log.ts';

/** Lines that a publisher is fed at once. */
const LINES_EACH = 25;
const EVERY_MS = 20;
/** Lines ahead of the receipts: what is lost of a pipe would never be published. */
const AHEAD_MAX = 2_000;

export class Load {
  readonly #log: RunLog;
  readonly #publishers: readonly (readonly [name: string, program: AgentProgram])[];
  readonly #feeding: Promise<void>;
  #isEnding = false;

  /** Starts the publishers. @param to their flags, such as `['--topic', 'load']`. */
  constructor(
    agents: AgentPrograms,
    options: { readonly port: number; readonly log: RunLog; readonly to: readonly (readonly string[])[] },
  ) {
    const { port, log, to } = options;
    this.#log = log;
    this.#publishers = to.map((words, index) => {
      const name = `publisher${index}`;
      // The lines name the publisher; --timeout lifts the patience of a command that gets no receipt.
      return [name, agents.start(port, name, ['publish', '--stdin-lines', '--timeout', '600', ...words])] as const;
    });
    this.#feeding = Promise.all(this.#publishers.map(([name, program]) => this.#feed(name, program))).then(
      () => undefined,
    );
  }

  get receipts(): number {
    return this.#publishers.reduce((sum, [, { lines }]) => sum + lines.length, 0);
  }

  /** No more lines; resolves when each line has its receipt. @returns how many there are. */
  async end(): Promise<number> {
    this.#isEnding = true;
    await this.#feeding;
    for (const [name, program] of this.#publishers) {
      program.child.stdin.end();
      const code = await program.ended;
      if (code !== 0) throw new Error(`${name} ended with ${code ?? 'a signal'}: ${program.stderr.slice(-2_000)}`);
      this.#log.receipts(program.lines);
    }
    return this.#log.receiptCount;
  }

  async #feed(name: string, program: AgentProgram): Promise<void> {
    const { child } = program;
    for (let number = 1; !this.#isEnding && child.exitCode === null && child.signalCode === null;) {
      if (number - program.lines.length < AHEAD_MAX) {
        for (const end = number + LINES_EACH; number < end; number++) {
          this.#log.publish(`${name}-${number}`);
          program.child.stdin.write(`${name}-${number}\n`);
        }
      }
      await sleep(EVERY_MS);
    }
  }
}
