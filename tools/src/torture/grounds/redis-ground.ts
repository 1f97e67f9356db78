/** Two nodes on one Redis that is killed, stopped and cut off, as its nodes are. */
import { cpSync, mkdirSync } from 'node:fs';
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
  try {
    const flags = ['--store', redis.url, '--enrolment', 'open', ...NO_ADMIN];
    const command = programs.server;
    const [first, second] = [join(directory, 'first'), join(directory, 'second')];
    const one = new ServerProgram({ command, port: await serverPort(dice), dataDirectory: first, flags });
    const other = new ServerProgram({ command, port: await serverPort(dice), dataDirectory: second, flags });
    await copyIdentity(one, first, second);
    return {
      servers: [one, other],
      ports: [one.port, other.port],
      agent: programs.agent,
      attacks: [...redisAttacks(redis), ...SERVER_ATTACKS, ...AGENT_ATTACKS.slice(0, 2)],
      dispose: () => redis.stop(),
    };
  } catch (error) {
    await redis.stop();
    throw error;
  }
}

/** Both are the same server: the second one has the key of the first. */
async function copyIdentity(server: ServerProgram, from: string, to: string): Promise<void> {
  await server.start();
  await server.end();
  mkdirSync(to, { recursive: true, mode: 0o700 });
  cpSync(join(from, KEY_FILE), join(to, KEY_FILE), { preserveTimestamps: true });
}

function redisAttacks(redis: RedisServer): readonly Attack[] {
  return [killRedis(redis), restartRedis(redis), stopRedis(redis), cutRedis(redis), stopNode];
}

function killRedis(redis: RedisServer): Attack {
  return {
    name: 'kill -9 of Redis',
    async strike({ dice, pause }) {
      await redis.kill();
      await pause(dice.whole(...AWAY_MS));
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
        await pause(dice.whole(...STOP_MS));
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
  async strike({ dice, servers }) {
    await dice.pick(servers).stop(LONG_STOP_MS);
  },
};
