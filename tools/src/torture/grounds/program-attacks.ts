/** What is done to programs: kill -9, SIGSTOP, and an orderly restart. */
import type { Attack } from '../ground.ts';
import type { Scene } from '../scene.ts';
import type { ServerProgram } from '../server-program.ts';

/** Short stops go unnoticed, long ones do not. */
const STOP_MS_MAX = 8_000;
const AWAY_MS_MAX = 1_500;
/** Within the start of a server. */
const EARLY_MS_MAX = 800;

const serverOf = ({ servers, dice }: Scene): ServerProgram => dice.pick(servers);

const killServer: Attack = {
  name: 'kill -9 of a server',
  async strike(scene) {
    const server = serverOf(scene);
    await server.kill();
    await scene.pause(scene.dice.whole(0, AWAY_MS_MAX));
    await server.start();
  },
};

const killServerTwice: Attack = {
  name: 'kill -9 of a server, and again while it starts',
  async strike(scene) {
    const server = serverOf(scene);
    await server.kill();
    server.spawn();
    await scene.pause(scene.dice.whole(0, EARLY_MS_MAX));
    await server.kill();
    await server.start();
  },
};

const restartServer: Attack = {
  name: 'SIGTERM of a server, and a new start',
  async strike(scene) {
    const server = serverOf(scene);
    const how = await server.end();
    if (how !== 0) throw new Error(`a server ended with ${how} when it was told to end`);
    await server.start();
  },
};

const stopServer: Attack = {
  name: 'SIGSTOP of a server',
  async strike(scene) {
    await serverOf(scene).stop(scene.dice.whole(100, STOP_MS_MAX));
  },
};

const killListener: Attack = {
  name: 'kill -9 of a listener',
  async strike({ dice, listeners }) {
    await dice.pick(listeners.filter(({ isMember }) => !isMember)).restart();
  },
};

const killMember: Attack = {
  name: 'kill -9 of a member of a group',
  async strike({ dice, listeners }) {
    await dice.pick(listeners.filter(({ isMember }) => isMember)).restart();
  },
};

const killPublisher: Attack = {
  name: 'kill -9 of a publisher',
  async strike({ dice, load }) {
    await load.killPublisher(dice.whole(0, load.programs.length - 1));
  },
};

const stopAgent: Attack = {
  name: 'SIGSTOP of an agent',
  async strike(scene) {
    const { dice, listeners, load } = scene;
    const { child } = dice.pick([...listeners.map(({ program }) => program), ...load.programs]);
    child.kill('SIGSTOP');
    try {
      await scene.pause(dice.whole(100, STOP_MS_MAX));
    } finally {
      child.kill('SIGCONT');
    }
  },
};

/** Of servers. */
export const SERVER_ATTACKS: readonly Attack[] = [killServer, killServerTwice, restartServer, stopServer];

/** Of agents. */
export const AGENT_ATTACKS: readonly Attack[] = [killListener, killMember, killPublisher, stopAgent];
