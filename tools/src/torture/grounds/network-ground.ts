/** A server and agents in a network namespace of their own, where the kernel drops, refuses and loses their packets. */
import { execFileSync, spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { boundToThisProcess } from '../programs.ts';
import { serverPort, type Attack, type Ground, type GroundSetting } from '../ground.ts';
import { ServerProgram } from '../server-program.ts';
import { NO_ADMIN } from './kill-ground.ts';

const CUT_MS = [500, 6_000] as const;
/** Now and then so long that both sides give the connection up. */
const LONG_CUT_MS = 40_000;
const LONG_CUT_IN = 8;
const LOSS_PERCENT = [5, 40] as const;
const PROGRAMS = [
  ['unshare', '--net', 'ip', 'link'],
  ['nsenter', '--version'],
  ['nft', '--version'],
] as const;

/** Whether this process may make namespaces, and the programs are there. */
export function canCutNetwork(): boolean {
  return PROGRAMS.every(([command, ...words]) => spawnSync(command, words).status === 0);
}

export async function networkGround({ programs, dice, directory }: GroundSetting): Promise<Ground> {
  const namespace = await Namespace.make(boundToThisProcess(programs));
  const port = await serverPort(dice);
  const command = [...namespace.wrap, ...programs.server];
  return {
    servers: [new ServerProgram({ command, port, dataDirectory: directory, flags: NO_ADMIN })],
    ports: [port],
    agent: [...namespace.wrap, ...programs.agent],
    attacks: [
      cut(namespace, 'packets to the server dropped', [`tcp dport ${port} drop`]),
      cut(namespace, 'packets to the agents dropped', [`tcp sport ${port} drop`]),
      cut(namespace, 'all packets dropped', [`tcp dport ${port} drop`, `tcp sport ${port} drop`]),
      cut(namespace, 'packets refused with a reset', [`tcp dport ${port} reject with tcp reset`]),
      lose(namespace),
    ],
    dispose: () => namespace.remove(),
  };
}

function cut(namespace: Namespace, name: string, rules: readonly string[]): Attack {
  return {
    name,
    async strike({ dice, pause }) {
      namespace.rule(rules);
      const isLong = dice.whole(1, LONG_CUT_IN) === 1;
      await pause(isLong ? LONG_CUT_MS : dice.whole(...CUT_MS));
      namespace.rule([]);
    },
  };
}

function lose(namespace: Namespace): Attack {
  return {
    name: 'packets lost at random',
    async strike({ dice, pause }) {
      namespace.rule([`meta l4proto tcp numgen random mod 100 < ${dice.whole(...LOSS_PERCENT)} drop`]);
      await pause(dice.whole(...CUT_MS));
      namespace.rule([]);
    },
  };
}

/** It is there as long as one process in it: the one that waits for its input to end, which it does with this program. */
class Namespace {
  readonly #holder: ChildProcess;
  readonly #gone: Promise<unknown>;

  private constructor(holder: ChildProcess, gone: Promise<unknown>) {
    this.#holder = holder;
    this.#gone = gone;
  }

  static async make(wrap: readonly string[]): Promise<Namespace> {
    const script = 'ip link set lo up && nft add table inet torture && echo ready && exec cat';
    const [program, ...words] = [...wrap, 'unshare', '--net', 'sh', '-c', script];
    const holder = spawn(program, words, { stdio: ['pipe', 'pipe', 'inherit'] });
    const gone = once(holder, 'exit');
    const [line] = (await Promise.race([once(holder.stdout, 'data'), gone])) as readonly unknown[];
    if (String(line) !== 'ready\n') throw new Error('no network namespace could be made');
    return new Namespace(holder, gone);
  }

  /** Words before those of a program that shall run in it. */
  get wrap(): readonly string[] {
    return ['nsenter', `--net=/proc/${this.#holder.pid ?? 0}/ns/net`];
  }

  /** Replaces its rules for what comes in. */
  rule(rules: readonly string[]): void {
    const [program, ...words] = [...this.wrap, 'nft', '-f', '-'];
    const chain = ['chain input {', 'type filter hook input priority 0;', ...rules, '}'];
    const table = ['delete table inet torture', 'table inet torture {', ...chain, '}'].join('\n');
    execFileSync(program, words, { input: `${table}\n`, stdio: 'pipe' });
  }

  async remove(): Promise<void> {
    this.#holder.stdin?.end();
    await this.#gone;
  }
}
