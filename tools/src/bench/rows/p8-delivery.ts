/**
 * P8: publish → store → deliver → ack, 64 B, one producer, events to 1, 100 and 1,000 readers in turn: rate with many
 * under way, and latency at half of that rate.
 */
import type { ContenderName } from '../contenders/index.ts';
import { withReaders } from './measure-delivery.ts';
import { OURS, type Aim, type Figures, type Participant, type RunSettings, type Series } from './series.ts';

const BYTES = 64;
const IN_FLIGHT = 2_000;
const MICROSECONDS = 1_000;
const P99_MS_MAX = 20;
const PEERS: Readonly<Record<string, ContenderName>> = {
  'JetStream (no fsync)': 'nats-jetstream',
  'Mosquitto, TLS (saved each 30 min)': 'mosquitto-tls',
  'Redis (fsync always)': 'redis-always',
  'Redis (fsync each second)': 'redis-everysec',
};

async function measureDelivery(contender: ContenderName, readers: number, settings: RunSettings): Promise<Figures> {
  return await withReaders(contender, { bytes: BYTES, producers: 1, readers }, settings, async ({ full, paced }) => {
    const { rate, serverCpu, clientCpu } = await full(IN_FLIGHT);
    const half = await paced(Math.floor(rate / 2));
    const { p50, p99 } = half;
    return { rate, serverCpu, clientCpu, halfRate: half.rate, p50: p50 / MICROSECONDS, p99: p99 / MICROSECONDS };
  });
}

const participants = (readersOf: (settings: RunSettings) => number): Participant[] =>
  Object.entries<ContenderName>({ [OURS]: 'sealane-events', ...PEERS }).map(([name, contender]) => ({
    name,
    contender,
    measure: (settings) => measureDelivery(contender, readersOf(settings), settings),
  }));

const aims: readonly Aim[] = [
  ...Object.keys(PEERS).map((against): Aim => ({ figure: 'rate', against, relation: 'at least', value: 2 })),
  { figure: 'p99', relation: 'at most', value: P99_MS_MAX },
];

export const delivery: readonly Series[] = [1, 100, 1_000].map((readers) => ({
  row: 'P8',
  variant: `to ack, ${readers} reader${readers === 1 ? '' : 's'}`,
  figures: [
    { name: 'rate', unit: '/s' },
    { name: 'serverCpu', unit: 'µs CPU' },
    { name: 'clientCpu', unit: 'µs CPU' },
    { name: 'halfRate', unit: '/s' },
    { name: 'p50', unit: 'ms at half' },
    { name: 'p99', unit: 'ms at half' },
  ],
  participants: participants(({ manyConnections }) => Math.min(readers, manyConnections)),
  aims,
}));
