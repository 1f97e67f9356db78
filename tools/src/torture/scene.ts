/**
 * Scene: the programs of a round on their ground. Two publishers under load, two durable subscriptions that overlap, and a queue
 * group of two members. `finish` is the judgement: everything with a receipt has come, and what came is right.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  AgentPrograms,
  Load,
  PatienceError,
  RunLog,
  until,
  type AgentProgram,
  type Patience,
} from '@sealane/node/testing';
import type { Dice } from '@sealane/shared/testing';
import type { ServerProgram } from './server-program.ts';

/** Of each of two publishers. */
const LINES_PER_SECOND = 200;
const SUBSCRIBED_MS_MAX = 60_000;
/** Receipts after which the load is said to flow. */
const FLOW_RECEIPTS = 50;
/** For what comes although nothing is missing. */
const AFTERMATH_MS = 1_000;
const STDERR_SHOWN = 500;

const PUBLISHERS = [
  ['--topic', 'load.a'],
  ['--topic', 'load.b'],
] as const;
const LISTENERS = [
  { name: 'all', words: ['--topic', 'load.>'] },
  { name: 'some', words: ['--topic', 'load.*'] },
] as const;
const GROUP = 'team';
const MEMBERS = ['member-1', 'member-2'] as const;

/** What a scene stands on. */
export interface Stage {
  readonly servers: readonly ServerProgram[];
  /** Ports of the agents, in turn. */
  readonly ports: readonly number[];
  /** Words that run an agent. */
  readonly agent: readonly string[];
}

export class Scene {
  readonly servers: readonly ServerProgram[];
  readonly dice: Dice;
  readonly log = new RunLog();
  readonly #ports: readonly number[];
  readonly #patience: Patience;
  readonly #agents: AgentPrograms;
  readonly #listeners: Listener[] = [];
  #load: Load | undefined;

  private constructor(stage: Stage, dice: Dice, patience: Patience) {
    this.servers = stage.servers;
    this.#ports = stage.ports;
    this.dice = dice;
    this.#patience = patience;
    this.#agents = new AgentPrograms(stage.agent);
  }

  /** Starts everybody. @param patience how long things may take to get going again when a fault is over. */
  static async open(stage: Stage, dice: Dice, patience: Patience): Promise<Scene> {
    const scene = new Scene(stage, dice, patience);
    try {
      await scene.#start();
      return scene;
    } catch (error) {
      await scene.close();
      throw error;
    }
  }

  get listeners(): readonly Listener[] {
    return this.#listeners;
  }

  get load(): Load {
    if (this.#load === undefined) throw new TypeError('there is load once the scene is open');
    return this.#load;
  }

  /** Waits until the load flows. @throws PatienceError. */
  async flows(): Promise<void> {
    const target = this.load.receipts + FLOW_RECEIPTS;
    await this.until('receipts come', () => this.load.receipts >= target);
  }

  /** Waits for what must come to pass. @throws PatienceError, or the reason of the interruption. */
  async until(what: string, holds: () => boolean): Promise<void> {
    await until(what, holds, this.#patience, () => this.#endings().join('; '));
  }

  /** @throws the reason of the interruption. */
  readonly pause = async (ms: number): Promise<void> => {
    await sleep(ms, undefined, { signal: this.#patience.signal });
  };

  /** @throws Error when a program ended that was not to. */
  checkAlive(): void {
    const endings = this.#endings();
    if (endings.length > 0) throw new Error(endings.join('; '));
  }

  /** No more load; waits until all of it has arrived, and ends the servers. @returns what is wrong. */
  async finish(): Promise<readonly string[]> {
    await this.load.end(this.#patience.limitMs, this.#patience.signal);
    const faults: string[] = [];
    try {
      await this.#arrive();
      await this.pause(AFTERMATH_MS);
      this.checkAlive();
    } catch (error) {
      if (!(error instanceof PatienceError)) throw error;
      faults.push(error.message);
    }
    for (const server of this.servers) {
      const how = await server.end();
      if (how !== 0) faults.push(`a server ended with ${how} when it was told to end`);
    }
    for (const { name, isMember, lines } of this.#listeners) {
      if (isMember) this.log.members(GROUP, lines);
      else this.log.deliveries(name, lines);
    }
    return [...faults, ...this.log.check()];
  }

  /** Waits until everything with a receipt has come to each subscription, and to one member of the group. */
  async #arrive(): Promise<void> {
    const expected = this.log.receiptIds;
    const members = this.#listeners.filter(({ isMember }) => isMember);
    const readers = [...this.#listeners.filter(({ isMember }) => !isMember).map((listener) => [listener]), members];
    await this.until(`${expected.length} events arrive everywhere`, () =>
      readers.every((each) => {
        const ids = each.map((listener) => listener.ids());
        const count = ids.reduce((sum, { size }) => sum + size, 0);
        return count >= expected.length && expected.every((id) => ids.some((known) => known.has(id)));
      }),
    );
  }

  /** Ends everybody. */
  async close(): Promise<void> {
    await this.#agents.dispose();
    for (const server of this.servers) await server.kill();
  }

  /** Writes down what the programs said. */
  keep(folder: string): void {
    mkdirSync(folder, { recursive: true });
    for (const [index, { said }] of this.servers.entries()) writeFileSync(join(folder, `server-${index}.log`), said);
    const publishers = this.#load?.programs.map((program, index) => [`publisher-${index}`, [program]] as const) ?? [];
    const listeners = this.#listeners.map(({ name, programs }) => [name, programs] as const);
    for (const [name, programs] of [...publishers, ...listeners]) {
      const lines = programs.flatMap((program) => program.lines.map((line) => JSON.stringify(line)));
      writeFileSync(join(folder, `${name}.jsonl`), `${lines.join('\n')}\n`);
      writeFileSync(join(folder, `${name}.log`), programs.map(({ stderr }) => stderr).join('\n'));
    }
  }

  async #start(): Promise<void> {
    const ports = this.#ports;
    for (const server of this.servers) await server.start();
    const portOf = (index: number): number => ports[index % ports.length] ?? 0;
    const all = [
      ...LISTENERS.map((listener) => ({ ...listener, isMember: false })),
      ...MEMBERS.map((name) => ({ name, words: ['--topic', 'load.>', '--group', GROUP], isMember: true })),
    ];
    for (const [index, { name, words, isMember }] of all.entries()) {
      const start = (): AgentProgram => this.#agents.start(portOf(index), name, ['listen', ...words]);
      this.#listeners.push(new Listener(name, isMember, start));
    }
    const isReady = ({ program }: Listener): boolean => program.of('subscribed').length > 0;
    const patience = { ...this.#patience, limitMs: SUBSCRIBED_MS_MAX };
    await until(
      'all subscribed',
      () => this.#listeners.every(isReady),
      patience,
      () => this.#said(),
    );
    this.#load = new Load(this.#agents, {
      log: this.log,
      ports: PUBLISHERS.map((_, index) => portOf(index)),
      to: PUBLISHERS,
      linesPerSecond: LINES_PER_SECOND,
    });
  }

  #endings(): readonly string[] {
    const servers = this.servers.flatMap(({ endedBy, said }, index) =>
      endedBy === undefined ? [] : [`server ${index} ended with ${endedBy}: ${said.slice(-STDERR_SHOWN)}`],
    );
    const agents = [
      ...this.#listeners.map(({ name, program }) => ({ name, program })),
      ...(this.#load?.programs ?? []).map((program, index) => ({ name: `publisher ${index}`, program })),
    ].flatMap(({ name, program: { child, isRunning, stderr } }) => {
      // A publisher without lines left ends by itself.
      if (isRunning || child.exitCode === 0) return [];
      return [`${name} ended with ${child.exitCode ?? child.signalCode ?? '?'}: ${stderr.slice(-STDERR_SHOWN)}`];
    });
    return [...servers, ...agents];
  }

  #said(): string {
    return this.#listeners.map(({ name, program }) => `${name}: ${program.stderr.slice(-STDERR_SHOWN)}`).join('; ');
  }
}

/** One durable subscription, or a member of the group: the program that runs, and those before it. */
export class Listener {
  readonly name: string;
  readonly isMember: boolean;
  readonly programs: AgentProgram[] = [];
  readonly #start: () => AgentProgram;
  readonly #ids = new Set<string>();
  readonly #linesRead = new Map<AgentProgram, number>();
  program: AgentProgram;

  constructor(name: string, isMember: boolean, start: () => AgentProgram) {
    this.name = name;
    this.isMember = isMember;
    this.#start = start;
    this.program = start();
    this.programs.push(this.program);
  }

  get lines(): AgentProgram['lines'] {
    return this.programs.flatMap(({ lines }) => lines);
  }

  /** Of the events that came. */
  ids(): ReadonlySet<string> {
    for (const program of this.programs) {
      const { lines } = program;
      for (let index = this.#linesRead.get(program) ?? 0; index < lines.length; index++)
        if (lines[index]?.event === 'delivery') this.#ids.add(String(lines[index]?.['id']));
      this.#linesRead.set(program, lines.length);
    }
    return this.#ids;
  }

  /** kill -9, and it comes again. */
  async restart(): Promise<void> {
    await this.program.kill();
    this.program = this.#start();
    this.programs.push(this.program);
  }
}
