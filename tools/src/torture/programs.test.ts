import { expect, it } from '@jest/globals';
import { programsOf } from './programs.ts';

it('--source takes the sources of both, also where something is built', () => {
  const { server, agent, told } = programsOf({ server: undefined, agent: undefined, source: true });
  expect(server.slice(-2)).toEqual(['--conditions=@sealane/source', expect.stringMatching(/\/server\/src\/main\.ts$/)]);
  expect(agent.slice(-2)).toEqual(['--conditions=@sealane/source', expect.stringMatching(/\/agent\/src\/main\.ts$/)]);
  expect(told).toBe('server: sources of packages/server; agents: sources of packages/agent');
});

it('a file that is not there is refused by name', () => {
  expect(() => programsOf({ server: '/nowhere/server.js', agent: undefined, source: false })).toThrow(
    '--server: there is no file /nowhere/server.js',
  );
});
