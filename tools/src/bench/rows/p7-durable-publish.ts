/**
 * P7: durable events, 256 B, to a reader that is away, over one connection; done with the receipt. Sealane is fsynced
 * before it, with dedup on. Peers run as safe as they can be and as they are by default, and say which they are.
 */
import type { ContenderName } from '../contenders/index.ts';
import { steadyParticipants } from './measure.ts';
import { OURS, type Aim, type Series } from './series.ts';

const BYTES = 256;
const REDIS_ALWAYS = 'Redis (fsync always)';
const PEERS: Readonly<Record<string, ContenderName>> = {
  [REDIS_ALWAYS]: 'redis-always',
  'Redis (fsync each second)': 'redis-everysec',
  'JetStream (no fsync)': 'nats-jetstream',
  'Mosquitto (saved each 30 min)': 'mosquitto',
  'Mosquitto (saved each change)': 'mosquitto-saving',
};

/** With many in flight, ahead of everybody; one at a time, the disk decides. */
function aimsOf(inFlight: number): readonly Aim[] {
  if (inFlight === 1) return [aim(REDIS_ALWAYS, 0.9)];
  if (inFlight < 256) return [];
  return Object.keys(PEERS).map((name) => aim(name, name === REDIS_ALWAYS ? 3 : 1));
}

const aim = (against: string, value: number): Aim => ({ figure: 'rate', against, relation: 'at least', value });

export const durablePublish: readonly Series[] = [1, 64, 256, 2_000].map((inFlight) => ({
  row: 'P7',
  variant: `publish, ${inFlight} in flight`,
  figures: [
    { name: 'rate', unit: '/s' },
    { name: 'p50', unit: 'µs' },
    { name: 'p99', unit: 'µs' },
    { name: 'serverCpu', unit: 'µs CPU' },
    { name: 'clientCpu', unit: 'µs CPU' },
  ],
  participants: steadyParticipants(
    { plan: { kind: 'publish', bytes: BYTES, inFlight }, connections: 1, counter: 'client' },
    { [OURS]: 'sealane-events', ...PEERS },
  ),
  aims: aimsOf(inFlight),
}));
