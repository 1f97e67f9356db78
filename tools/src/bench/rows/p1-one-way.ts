/** P1: one-way messages over one connection, counted by the server's handler. */
import { steadyParticipants } from './measure.ts';
import { OURS, type Aim, type Series } from './series.ts';

const SIZES = [64, 256, 1_024] as const;

const aimsOf = (bytes: number): readonly Aim[] => [
  { figure: 'rate', against: 'ws over TLS', relation: 'at least', value: bytes === 64 ? 2 : 4 },
  { figure: 'rate', against: 'tls + msgpackr', relation: 'at least', value: 1.5 },
];

export const oneWay: readonly Series[] = SIZES.map((bytes) => ({
  row: 'P1',
  variant: `one way, ${bytes} B`,
  figures: [
    { name: 'rate', unit: '/s' },
    { name: 'serverCpu', unit: 'µs CPU' },
    { name: 'clientCpu', unit: 'µs CPU' },
  ],
  participants: steadyParticipants(
    { plan: { kind: 'one-way', bytes }, connections: 1, counter: 'server' },
    { [OURS]: 'sealane', 'ws over TLS': 'wss-one-way', 'tls + msgpackr': 'tls-msgpackr' },
  ),
  aims: aimsOf(bytes),
}));
