/** A server behind the fault proxy: the way to it fails in every manner, without any privilege. */
import { FaultProxy, type DirectedFaults, type FaultSpec } from '@sealane/node/testing';
import { serverPort, type Attack, type Ground, type GroundSetting } from '../ground.ts';
import { ServerProgram } from '../server-program.ts';
import { NO_ADMIN } from './kill-ground.ts';

const SEED_MAX = 0xffff_ffff;
const FAULT_MS = [500, 3_000] as const;
/** A way that is gone for so long is noticed by heartbeats, too. */
const SILENCE_MS = [500, 6_000] as const;
const SOON = [0, 30_000] as const;
const FIRST_FRAMES = [0, 40] as const;

/** Faults of a while, of one direction or of both. */
const FAULTS: readonly (readonly [name: string, faults: FaultSpec])[] = [
  ['latency and jitter', { latencyMs: [20, 200], jitterMs: [0, 200] }],
  ['a slow way', { bytesPerSecond: [2_000, 20_000] }],
  ['byte by byte', { sliceBytes: 1 }],
  ['a turned bit', { corruptByte: SOON }],
  ['bytes twice', { duplicateByte: SOON }],
  ['a reset', { resetByte: SOON }],
  ['a half-closed connection', { endByte: SOON }],
  ['silence in one direction', { silenceByte: SOON }],
  ['a record left out', { dropFrame: FIRST_FRAMES }],
  ['a record twice', { replayFrame: FIRST_FRAMES }],
  ['two records exchanged', { swapFrame: FIRST_FRAMES }],
];

export async function proxyGround({ programs, dice, directory }: GroundSetting): Promise<Ground> {
  const port = await serverPort(dice);
  const server = new ServerProgram({ command: programs.server, port, dataDirectory: directory, flags: NO_ADMIN });
  const proxy = await FaultProxy.start({ target: { port }, seed: dice.whole(1, SEED_MAX) });
  return {
    servers: [server],
    ports: [proxy.port],
    agent: programs.agent,
    attacks: [
      ...FAULTS.map(([name, faults]) => faultyWay(proxy, name, faults)),
      cut(proxy),
      refuse(proxy),
      swallow(proxy),
    ],
    dispose: () => proxy.stop(),
  };
}

function faultyWay(proxy: FaultProxy, name: string, faults: FaultSpec): Attack {
  return {
    name,
    async strike({ dice, pause }) {
      const directed: DirectedFaults = dice.pick([
        { toServer: faults },
        { toAgent: faults },
        { toServer: faults, toAgent: faults },
      ]);
      proxy.strike(directed);
      await pause(dice.whole(...FAULT_MS));
      proxy.heal();
    },
  };
}

function cut(proxy: FaultProxy): Attack {
  return {
    name: 'all connections cut',
    strike({ dice }) {
      proxy.cut(dice.pick(['end', 'reset']));
      return Promise.resolve();
    },
  };
}

function refuse(proxy: FaultProxy): Attack {
  return {
    name: 'all connections reset, new ones for a while',
    async strike({ dice, pause }) {
      proxy.refuses = true;
      proxy.cut('reset');
      await pause(dice.whole(...FAULT_MS));
      proxy.heal();
    },
  };
}

function swallow(proxy: FaultProxy): Attack {
  return {
    name: 'everything swallowed',
    async strike({ dice, pause }) {
      proxy.swallow(dice.pick([{ toServer: true }, { toAgent: true }, { toServer: true, toAgent: true }]));
      await pause(dice.whole(...SILENCE_MS));
      proxy.heal();
    },
  };
}
