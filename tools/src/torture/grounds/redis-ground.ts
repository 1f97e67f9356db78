/** Two nodes on one Redis that is killed, stopped and cut off, as its nodes are. */
import { cpSync, existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { RedisServer } from '@sealane/node/testing';
import { serverPort, type Attack, type Ground, type GroundSetting } from '../ground.ts';
import { boundToThisProcess } from '../programs.ts';
import { ServerProgram } from '../server-program.ts';
import { NO_ADMIN } from './kill-ground.ts';
import { AGENT_ATTACKS, SERVER_ATTACKS } from './program-attacks.ts';

const AWAY_MS = [0, 3_000] as const;
const STOP_MS = [200, 6_000] as const;
/** Longer than a node may be silent before others take what it has. */
const LONG_STOP_MS = 14_000;
const CUTS = 5;
const CUT_PAUSE_MS = 50;
const KEY_FILE = 'identity.key';

export async function redisGround({ programs, dice, directory }: GroundSetting): Promise<Ground> {
  const redis = await RedisServer.start({ wrap: boundToThisProcess(programs) });
  const flags = ['--store', redis.url, '--enrolment', 'open', ...NO_ADMIN];
  const [first, second] = ['first', 'second'].map((name) => join(directory, name)) as [string, string];
  const node = async (dataDirectory: string): Promise<ServerProgram> =>
    new ServerProgram({ command: programs.server, port: await serverPort(dice), dataDirectory, flags });
  const servers = [await node(first), await node(second)];
  // Both are the same server: the second one has the key of the first.
  await servers[0]?.start();
  await servers[0]?.end();
  if (!existsSync(join(first, KEY_FILE))) throw new Error('the first node made no identity');
  mkdirSync(second, { recursive: true, mode: 0o700 });
  cpSync(join(first, KEY_FILE), join(second, KEY_FILE), { preserveTimestamps: true });
  return {
    servers,
    ports: servers.map(({ port }) => port),
    agent: programs.agent,
    attacks: [
      killRedis(redis),
      restartRedis(redis),
      stopRedis(redis),
      cutRedis(redis),
      stopNode,
      ...SERVER_ATTACKS,
      ...AGENT_ATTACKS.slice(0, 2),
    ],
    dispose: () => redis.stop(),
  };
}

function killRedis(redis: RedisServer): Attack {
  return {
    name: 'kill -9 of Redis',
    async strike({ dice, pause }) {
      await redis.kill();
      await pause(dice.between(...AWAY_MS));
      await redis.startAgain();
    },
  };
}

function restartRedis(redis: RedisServer): Attack {
  return {
    name: 'SIGTERM of Redis, and a new start',
    async strike() {
      await redis.kill('SIGTERM');
      await redis.startAgain();
    },
  };
}

function stopRedis(redis: RedisServer): Attack {
  return {
    name: 'SIGSTOP of Redis',
    async strike({ dice, pause }) {
      redis.pause();
      try {
        await pause(dice.between(...STOP_MS));
      } finally {
        redis.goOn();
      }
    },
  };
}

function cutRedis(redis: RedisServer): Attack {
  return {
    name: 'connections to Redis cut',
    async strike({ pause }) {
      for (let count = 0; count < CUTS; count++) {
        await redis.command('CLIENT', 'KILL', 'TYPE', 'normal');
        await pause(CUT_PAUSE_MS);
      }
    },
  };
}

const stopNode: Attack = {
  name: 'SIGSTOP of a node, longer than its lease',
  async strike({ dice, ground }) {
    await dice.pick(ground.servers).stop(LONG_STOP_MS);
  },
};
