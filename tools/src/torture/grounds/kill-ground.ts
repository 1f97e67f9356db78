/** A server on a folder of this machine; programs are killed and stopped. */
import { serverPort, type Ground, type GroundSetting } from '../ground.ts';
import { ServerProgram } from '../server-program.ts';
import { AGENT_ATTACKS, SERVER_ATTACKS } from './program-attacks.ts';

export const NO_ADMIN = ['--admin-port', 'off'] as const;

export async function killGround({ programs, dice, directory }: GroundSetting): Promise<Ground> {
  const port = await serverPort(dice);
  const server = new ServerProgram({ command: programs.server, port, dataDirectory: directory, flags: NO_ADMIN });
  return {
    servers: [server],
    ports: [port],
    agent: programs.agent,
    attacks: [...SERVER_ATTACKS, ...AGENT_ATTACKS],
    dispose: () => Promise.resolve(),
  };
}
