/**
 * SimProcess: one life of a program in a world. What runs in it belongs to it: its timers, sockets and files end with it.
 * A life that has ended goes on computing for a moment, as the code of a step cannot be stopped; nothing it does gets out.
 */
import type { Ending, Process } from './process.ts';
import type { World } from './world.ts';

export class SimProcess implements Process {
  readonly name: string;
  readonly world: World;
  readonly startedAt: number;
  /** Undefined while it lives. */
  endedAt: number | undefined;
  /** Its disk failed when it was to keep what is done. */
  hasLostAcks = false;
  /** When its present connection was made. */
  connectedAt = 0;
  /** Added to the wall clock of the world: somebody set its clock. The next life begins with the right time. */
  wallOffsetMs = 0;
  /** Does nothing before this time: it was stopped, or its event loop is blocked. */
  pausedUntil = 0;
  /** Things it will yet do to the outside before it crashes. */
  #effectsLeft = Number.POSITIVE_INFINITY;
  readonly #atEnd: ((ending: Ending) => void)[] = [];

  constructor(world: World, name: string) {
    this.world = world;
    this.name = name;
    this.startedAt = world.now;
  }

  get isAlive(): boolean {
    return this.endedAt === undefined;
  }

  /** The present step is done in its name from now on. */
  enter(run: () => void): void {
    this.world.schedule(this, 0, run);
  }

  /** Whether it has ended by now; asked after a wait. */
  hasEnded(): boolean {
    return this.endedAt !== undefined;
  }

  /** It is about to do something to the outside. @returns whether it still lives. */
  effect(): boolean {
    if (!this.isAlive) return false;
    this.#effectsLeft -= 1;
    if (this.#effectsLeft > 0) return true;
    this.end('crash');
    return false;
  }

  /** It crashes in the middle of whatever it does, when it has done so many things to the outside. */
  crashAfter(effects: number): void {
    this.#effectsLeft = effects;
  }

  /** It will not crash by itself. */
  spare(): void {
    this.#effectsLeft = Number.POSITIVE_INFINITY;
  }

  /** Called when it ends. */
  atEnd(run: (ending: Ending) => void): void {
    this.#atEnd.push(run);
  }

  end(ending: Ending): void {
    if (!this.isAlive) return;
    this.endedAt = this.world.now;
    // What it computes yet, because its promises fail, is its own, also where the world ended it: it sees no real clock.
    this.world.current ??= this;
    this.world.trace.add(this.name, ending);
    for (const run of this.#atEnd) run(ending);
  }
}
