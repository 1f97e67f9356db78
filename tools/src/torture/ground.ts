/** What a round stands on: servers, where agents connect to, and what can be done to them. */
import { isPortFree } from '@sealane/node/testing';
import type { Dice } from '@sealane/shared/testing';
import type { Programs } from './programs.ts';
import type { Scene, Stage } from './scene.ts';

/** What a ground is made from. */
export interface GroundSetting {
  readonly programs: Programs;
  readonly dice: Dice;
  /** A folder for its data, removed after the round. */
  readonly directory: string;
}

/** One thing that is done to the programs, and undone. */
export interface Attack {
  readonly name: string;
  /** Resolves when all is as before, as far as it is for others than the programs. @throws Error for what must not be. */
  strike(scene: Scene): Promise<void>;
}

export interface Ground extends Stage {
  readonly attacks: readonly Attack[];
  /** After all programs have ended. */
  dispose(): Promise<void>;
}

/** Below the ports that systems give to whoever connects, so that nobody takes it while a server is away. */
const PORT_MIN = 20_000;
const PORT_MAX = 32_000;

/** A port for a server that will be away at times. */
export async function serverPort(dice: Dice): Promise<number> {
  for (;;) {
    const port = dice.whole(PORT_MIN, PORT_MAX);
    if (await isPortFree(port)) return port;
  }
}
