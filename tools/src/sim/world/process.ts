/** Process: a program that runs, as the parts of a world see it. */

/** How a process ended. `power-loss`: its machine is gone without a word. */
export type Ending = 'crash' | 'exit' | 'power-loss';

export interface Process {
  readonly name: string;
  readonly isAlive: boolean;
  /** It does nothing before this time: it was stopped, or its event loop is blocked. */
  readonly pausedUntil: number;
  /** Added to the wall clock of the world. */
  readonly wallOffsetMs: number;
  /** It is about to do something to the outside. @returns whether it still lives. */
  effect(): boolean;
  /** Called when it ends. */
  atEnd(run: (ending: Ending) => void): void;
}
