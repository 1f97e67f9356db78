/**
 * P9: 10,000 connected agents with heartbeats, 100 of them producing: the highest rate of events with p99 below 100 ms
 * and none lost. Found by doubling, then halving the step, with some
 * tries at each; what is shown is the highest rate that held.
 */
import type { ContenderName } from '../contenders/index.ts';
import { withReaders, type Delivered, type DeliveryMeasurement } from './measure-delivery.ts';
import { OURS, type Figures, type RunSettings, type Series } from './series.ts';

const BYTES = 256;
const PRODUCERS = 100;
const P99_US_MAX = 100_000;
const RATE_FIRST = 1_000;
const RATE_MAX = 1_024_000;
/** Of the rate asked for: less has not held. */
const ARRIVED = 0.97;
const HALVINGS = 3;
/** At each rate: what else the machine does may spoil one. */
const TRIES = 3;
/** At the first one: thousands of connections were made a moment ago, and it takes some seconds until they are at rest. */
const TRIES_FIRST = 6;
const PEER = 'Mosquitto, TLS (saved each 30 min)';

async function measureFleet(contender: ContenderName, settings: RunSettings): Promise<Figures> {
  const producers = Math.min(PRODUCERS, Math.ceil(settings.idleConnections / 10));
  const readers = settings.idleConnections - producers;
  return await withReaders(contender, { bytes: BYTES, producers, readers }, settings, highestRate);
}

async function highestRate({ paced }: DeliveryMeasurement): Promise<Figures> {
  let best: Delivered = { rate: 0, p50: 0, p99: 0, serverCpu: 0, clientCpu: 0 };
  const holdsOnce = async (perSecond: number): Promise<boolean> => {
    const measured = await paced(perSecond);
    const isHeld = measured.rate >= perSecond * ARRIVED && measured.p99 < P99_US_MAX;
    if (isHeld && measured.rate > best.rate) best = measured;
    return isHeld;
  };
  const holds = async (perSecond: number): Promise<boolean> => {
    const tries = perSecond === RATE_FIRST ? TRIES_FIRST : TRIES;
    for (let turn = 0; turn < tries; turn++) if (await holdsOnce(perSecond)) return true;
    return false;
  };
  let rate = RATE_FIRST;
  while (rate < RATE_MAX && (await holds(rate))) rate *= 2;
  let step = rate / 4;
  rate -= step;
  for (let halving = 0; halving < HALVINGS; halving++) {
    step /= 2;
    rate += (await holds(rate)) ? step : -step;
  }
  return { ...best, p50: best.p50 / 1_000, p99: best.p99 / 1_000 };
}

export const fleet: readonly Series[] = [
  {
    row: 'P9',
    variant: '10,000 agents',
    figures: [
      { name: 'rate', unit: '/s' },
      { name: 'serverCpu', unit: 'µs CPU' },
      { name: 'clientCpu', unit: 'µs CPU' },
      { name: 'p50', unit: 'ms' },
      { name: 'p99', unit: 'ms' },
    ],
    participants: Object.entries<ContenderName>({ [OURS]: 'sealane-events', [PEER]: 'mosquitto-tls' }).map(
      ([name, contender]) => ({ name, contender, measure: (settings) => measureFleet(contender, settings) }),
    ),
    aims: [{ figure: 'rate', against: PEER, relation: 'at least', value: 1.5 }],
  },
];
