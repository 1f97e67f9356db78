/** P3: where batching cannot help: one request at a time, and many connections with one in flight each. 64 B. */
import { measureSteady } from './measure.ts';
import { OURS, type Aim, type Participant, type RunSettings, type Series } from './series.ts';
import type { ContenderName } from '../contenders/index.ts';

const BYTES = 64;
const NAMES: Readonly<Record<string, ContenderName>> = {
  [OURS]: 'sealane',
  'tls echo': 'tls-echo',
  'ws over TLS': 'wss-requests',
};
const AIMS: readonly Aim[] = [{ figure: 'rate', against: 'tls echo', relation: 'at least', value: 0.9 }];

const participants = (connectionsOf: (settings: RunSettings) => number): Participant[] =>
  Object.entries(NAMES).map(([name, contender]) => ({
    name,
    contender,
    measure: (settings) => {
      const connections = connectionsOf(settings);
      const plan = { kind: 'exchange', bytes: BYTES, inFlight: 1 } as const;
      return measureSteady(contender, { plan, connections, counter: 'client' }, settings);
    },
  }));

const figures = [
  { name: 'rate', unit: '/s' },
  { name: 'p50', unit: 'µs' },
  { name: 'p99', unit: 'µs' },
  { name: 'serverCpu', unit: 'µs CPU' },
  { name: 'clientCpu', unit: 'µs CPU' },
];

export const oneAtATime: readonly Series[] = [
  { row: 'P3', variant: 'one at a time', figures, participants: participants(() => 1), aims: AIMS },
  {
    row: 'P3',
    variant: 'many connections, one in flight each',
    figures,
    participants: participants(({ manyConnections }) => manyConnections),
    aims: AIMS,
  },
];
