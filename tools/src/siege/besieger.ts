/** The process of the besiegers: so many peers of each kind, all at once; whoever is thrown out comes back. */
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { deafPeer, slowReader } from './peers/asker.ts';
import { flooder } from './peers/flooder.ts';
import { giantLength, slowHandshake } from './peers/stranger.ts';
import type { Target } from './peers/target.ts';

/** Kinds of besiegers. */
export const BESIEGERS = {
  slowHandshakes: slowHandshake,
  giantLengths: giantLength,
  slowReaders: slowReader,
  deafPeers: deafPeer,
  flooders: flooder,
} as const satisfies Readonly<Record<string, (target: Target) => Socket>>;

export type BesiegerKind = keyof typeof BESIEGERS;

export const BESIEGER_KINDS = Object.keys(BESIEGERS) as readonly BesiegerKind[];

/** What the process is told. */
export interface SiegePlan extends Target {
  readonly counts: Readonly<Record<BesiegerKind, number>>;
}

/** Connections of each kind since the start. */
export type SiegeTally = Record<BesiegerKind, number>;

const entry = fileURLToPath(new URL('main.ts', import.meta.url));
/** Who was thrown out comes back after up to twice this long. */
const REST_MS = 500;

/** The parent's side. */
export class Besieger {
  readonly #process: ChildProcess;

  constructor(plan: SiegePlan) {
    this.#process = fork(entry, ['besieger', JSON.stringify(plan)]);
  }

  async tally(): Promise<SiegeTally> {
    const answer = once(this.#process, 'message');
    this.#process.send('tally');
    return (await answer)[0] as SiegeTally;
  }

  async end(): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    const exited = once(this.#process, 'exit');
    this.#process.kill('SIGKILL');
    await exited;
  }
}

/** The child's side: besieges until its parent is gone. */
export function besiege(plan: SiegePlan): void {
  const tally: SiegeTally = { slowHandshakes: 0, giantLengths: 0, slowReaders: 0, deafPeers: 0, flooders: 0 };
  // A terminal and `timeout` send them to every process of the group; the parent decides.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => undefined);
  process.on('message', () => process.send?.(tally));
  process.on('disconnect', () => process.exit(0));
  for (const kind of BESIEGER_KINDS) {
    for (let index = 0; index < plan.counts[kind]; index++) void keep(plan, kind, tally);
  }
}

async function keep(plan: SiegePlan, kind: BesiegerKind, tally: SiegeTally): Promise<never> {
  for (;;) {
    const socket = BESIEGERS[kind](plan);
    tally[kind] += 1;
    await new Promise<void>((resolve) => socket.once('close', () => resolve()));
    await sleep(REST_MS * (0.5 + Math.random() * 1.5));
  }
}
