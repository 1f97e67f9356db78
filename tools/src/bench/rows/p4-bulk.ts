/** P4: bulk data over one stream, one direction after the other; rate, and how much each side grows meanwhile. */
import type { ContenderName } from '../contenders/index.ts';
import { withPair } from '../processes/pair.ts';
import { profiling } from './measure.ts';
import { OURS, type Figures, type Participant, type RunSettings, type Series } from './series.ts';

type Direction = 'up' | 'down';
const MEBIBYTE = 1_048_576;

function measureBulk(contender: ContenderName, direction: Direction, settings: RunSettings): Promise<Figures> {
  const { certificates, bulkBytes: bytes } = settings;
  return withPair({ contender, certificates, connections: 1 }, async (pair) => {
    const { server, client } = pair;
    const sides = [server, client];
    const before = await Promise.all(sides.map((side) => side.call('mark', { collect: false })));
    await Promise.all(sides.map((side) => side.call('watchMemory')));
    const stopProfile = await profiling(pair, contender, settings);
    await client.call('start', { kind: 'bulk', direction, bytes });
    const ms = await client.call('finish');
    await stopProfile();
    const after = await Promise.all(sides.map((side) => side.call('mark', { collect: false })));
    const [serverBefore, clientBefore] = before;
    const [serverAfter, clientAfter] = after;
    const growth = (from: typeof serverBefore, to: typeof serverAfter): number =>
      ((to?.rssPeakBytes ?? 0) - (from?.rssBytes ?? 0)) / MEBIBYTE;
    return {
      rate: bytes / MEBIBYTE / (ms / 1_000),
      serverGrowth: growth(serverBefore, serverAfter),
      clientGrowth: growth(clientBefore, clientAfter),
      serverCpu: ((serverAfter?.cpuUs ?? 0) - (serverBefore?.cpuUs ?? 0)) / (bytes / MEBIBYTE),
      clientCpu: ((clientAfter?.cpuUs ?? 0) - (clientBefore?.cpuUs ?? 0)) / (bytes / MEBIBYTE),
    };
  });
}

const participants = (direction: Direction): Participant[] =>
  Object.entries({ [OURS]: 'sealane', tls: 'tls-bulk' } as const).map(([name, contender]) => ({
    name,
    contender,
    measure: (settings) => measureBulk(contender, direction, settings),
  }));

const seriesOf = (direction: Direction, variant: string): Series => ({
  row: 'P4',
  variant,
  figures: [
    { name: 'rate', unit: 'MiB/s' },
    { name: 'serverGrowth', unit: 'MiB' },
    { name: 'clientGrowth', unit: 'MiB' },
    { name: 'serverCpu', unit: 'µs CPU/MiB' },
    { name: 'clientCpu', unit: 'µs CPU/MiB' },
  ],
  participants: participants(direction),
  aims: [
    { figure: 'rate', against: 'tls', relation: 'at least', value: 1 },
    { figure: 'serverGrowth', relation: 'at most', value: 64 },
    { figure: 'clientGrowth', relation: 'at most', value: 64 },
  ],
});

export const bulk: readonly Series[] = [seriesOf('up', 'agent to server'), seriesOf('down', 'server to agent')];
