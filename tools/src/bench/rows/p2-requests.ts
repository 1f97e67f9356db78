/**
 * P2: requests with answers, 64 in flight over one connection, 256 B each way. A bare TLS echo, one at a time, runs
 * beside it as the yardstick of the machine.
 */
import { steadyParticipants } from './measure.ts';
import { OURS, type Series } from './series.ts';

const BYTES = 256;
const IN_FLIGHT = 64;
/** The aim of 500,000/s was set on a machine that echoed 35,000/s: the ratio travels, the number does not. */
const ECHO_RATIO = 500_000 / 35_000;

const steady = (inFlight: number) =>
  ({ plan: { kind: 'exchange', bytes: BYTES, inFlight }, connections: 1, counter: 'client' }) as const;

export const requests: readonly Series[] = [
  {
    row: 'P2',
    variant: '64 in flight, 256 B',
    figures: [
      { name: 'rate', unit: '/s' },
      { name: 'p99', unit: 'µs' },
      { name: 'serverCpu', unit: 'µs CPU' },
      { name: 'clientCpu', unit: 'µs CPU' },
    ],
    participants: [
      ...steadyParticipants(steady(IN_FLIGHT), {
        [OURS]: 'sealane',
        'socket.io over TLS': 'socket-io-tls',
        'socket.io over TCP': 'socket-io-tcp',
        'ws over TLS': 'wss-requests',
        'tls + msgpackr': 'tls-msgpackr',
      }),
      ...steadyParticipants(steady(1), { 'tls echo, one at a time': 'tls-echo' }),
    ],
    aims: [
      { figure: 'rate', against: 'socket.io over TLS', relation: 'at least', value: 4 },
      { figure: 'rate', against: 'socket.io over TCP', relation: 'at least', value: 4 },
      { figure: 'rate', against: 'tls echo, one at a time', relation: 'at least', value: ECHO_RATIO },
    ],
  },
];
