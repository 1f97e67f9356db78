/** A server on a small disk in memory, which others fill up. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { SmallDisk } from '@sealane/node/testing';
import { serverPort, type Attack, type Ground, type GroundSetting } from '../ground.ts';
import { ServerProgram } from '../server-program.ts';
import { NO_ADMIN } from './kill-ground.ts';
import { SERVER_ATTACKS } from './program-attacks.ts';

const MIB = 1_048_576;
/** Below so much free space producers are refused. */
const FLOOR_BYTES = 256 * MIB;
const DISK = `${FLOOR_BYTES / MIB + 64}m`;
const FULL_MS = [500, 4_000] as const;
const BALLAST = 'ballast';

export async function diskGround({ programs, dice }: GroundSetting): Promise<Ground> {
  const port = await serverPort(dice);
  const disk = SmallDisk.tmpfs(DISK);
  const dataDirectory = join(disk.folder, 'data');
  return {
    servers: [new ServerProgram({ command: programs.server, port, dataDirectory, flags: NO_ADMIN })],
    ports: [port],
    agent: programs.agent,
    attacks: [
      fill(disk, 'a disk that is nearly full', FLOOR_BYTES - MIB),
      fill(disk, 'a disk without a byte left', 0),
      ...SERVER_ATTACKS.slice(0, 1),
    ],
    dispose() {
      disk.remove();
      return Promise.resolve();
    },
  };
}

function fill(disk: SmallDisk, name: string, freeBytes: number): Attack {
  return {
    name,
    async strike({ dice, pause }) {
      const ballast = disk.leaveFree(freeBytes, BALLAST);
      try {
        await pause(dice.whole(...FULL_MS));
      } finally {
        rmSync(ballast, { force: true });
      }
    },
  };
}
