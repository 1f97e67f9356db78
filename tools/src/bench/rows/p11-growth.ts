/**
 * P11: what one message or event costs when there is ten and a hundred times as much of something: connections (P1, P7,
 * P8), each with the same load, or events that wait in the queue and its log (P7). The cost is CPU of the server's process,
 * which depends least on how busy the machine is.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { ContenderName } from '../contenders/index.ts';
import type { LoadPlan } from '../loads/index.ts';
import { withPair, type Pair } from '../processes/pair.ts';
import type { Mark } from '../processes/messages.ts';
import { OURS, type Figures, type RunSettings, type Series } from './series.ts';

const SCALES = [1, 10, 100] as const;
const P1_BYTES = 256;
const P7_PLAN = { kind: 'publish', bytes: 256 } as const;
const P8_PLAN = { kind: 'deliver', bytes: 64, producers: 1, perSecond: 0 } as const;
/** Of each connection, or for each reader. */
const IN_FLIGHT = 256;
const QUEUE_IN_FLIGHT = 2_000;
/** Events that wait at 1×. */
const WAITING = 10_000;
const LOOK_MS = 20;
const GROWTH_MAX = 1.5;

type Counter = 'server' | 'client';

/** A load on 1, 10 and 100 connections beside those that it always has. */
interface Growing {
  readonly contender: ContenderName;
  readonly plan: (scale: number) => LoadPlan;
  readonly counter: Counter;
  readonly connectionsBeside?: number;
}

async function measureConnections(growing: Growing, settings: RunSettings): Promise<Figures> {
  const { contender, plan, counter, connectionsBeside = 0 } = growing;
  const costs: number[] = [];
  for (const scale of SCALES) {
    const connections = scale + connectionsBeside;
    const cost = await withPair({ contender, certificates: undefined, connections }, async (pair) => {
      await pair.client.call('start', plan(scale));
      await sleep(settings.warmUpSeconds * 1_000);
      const measured = await costNow(pair, counter, settings);
      await pair.client.call('stop');
      return measured;
    });
    costs.push(cost);
  }
  return figuresOf(costs);
}

/** One queue that grows: its cost at 10,000, 100,000 and 1,000,000 events. */
async function measureQueue(settings: RunSettings): Promise<Figures> {
  const options = { contender: 'sealane-events', certificates: undefined, connections: 1 } as const;
  return await withPair(options, async (pair) => {
    const costs: number[] = [];
    await pair.client.call('start', { ...P7_PLAN, inFlight: QUEUE_IN_FLIGHT });
    await sleep(settings.warmUpSeconds * 1_000);
    for (const scale of SCALES) {
      await reach(pair, Math.min(scale * WAITING, settings.waitingMax));
      costs.push(await costNow(pair, 'client', settings));
    }
    await pair.client.call('stop');
    return figuresOf(costs);
  });
}

async function reach({ client }: Pair, count: number): Promise<void> {
  while ((await client.call('mark', { collect: false })).count < count) await sleep(LOOK_MS);
}

/** CPU of the server in µs for each message from now on. */
async function costNow({ server, client }: Pair, counter: Counter, settings: RunSettings): Promise<number> {
  const marks = (): Promise<[Mark, Mark]> =>
    Promise.all([server.call('mark', { collect: false }), client.call('mark', { collect: false })]);
  const [serverBefore, clientBefore] = await marks();
  await sleep(settings.seconds * 1_000);
  const [serverAfter, clientAfter] = await marks();
  const done = counter === 'server' ? serverAfter.count - serverBefore.count : clientAfter.count - clientBefore.count;
  return (serverAfter.cpuUs - serverBefore.cpuUs) / Math.max(1, done);
}

function figuresOf([cost1 = 0, cost10 = 0, cost100 = 0]: readonly number[]): Figures {
  return { cost1, cost10, cost100, growth: cost1 === 0 ? 0 : cost100 / cost1 };
}

function series(variant: string, measure: (settings: RunSettings) => Promise<Figures>): Series {
  return {
    row: 'P11',
    variant,
    figures: [
      { name: 'cost1', unit: 'µs at 1×' },
      { name: 'cost10', unit: 'µs at 10×' },
      { name: 'cost100', unit: 'µs at 100×' },
      { name: 'growth', unit: '100× to 1×' },
    ],
    participants: [{ name: OURS, contender: undefined, measure }],
    aims: [{ figure: 'growth', relation: 'at most', value: GROWTH_MAX }],
  };
}

const oneWay: Growing = {
  contender: 'sealane',
  plan: () => ({ kind: 'spread', bytes: P1_BYTES }),
  counter: 'server',
};
const publish: Growing = {
  contender: 'sealane-events',
  plan: (scale) => ({ ...P7_PLAN, inFlight: IN_FLIGHT * scale }),
  counter: 'client',
};
const deliver: Growing = {
  contender: 'sealane-events',
  plan: (scale) => ({ ...P8_PLAN, inFlight: IN_FLIGHT * scale }),
  counter: 'client',
  connectionsBeside: 1,
};

export const growth: readonly Series[] = [
  series('one-way, connections', (settings) => measureConnections(oneWay, settings)),
  series('publish, connections', (settings) => measureConnections(publish, settings)),
  series('publish, waiting events', measureQueue),
  series('to ack, readers', (settings) => measureConnections(deliver, settings)),
];
