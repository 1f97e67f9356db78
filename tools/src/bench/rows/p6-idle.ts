/** P6: memory that the server holds for an idle connection, heartbeats on, measured after garbage collection. */
import { setTimeout as sleep } from 'node:timers/promises';
import { LOOPBACK_HOSTS } from '../certificates.ts';
import type { ContenderName } from '../contenders/index.ts';
import type { Mark } from '../processes/messages.ts';
import { withPair } from '../processes/pair.ts';
import { OURS, type Figures, type Participant, type RunSettings, type Series } from './series.ts';

const KIBIBYTE = 1_024;
/** As often as Sealane's own: its default interval. */
const HEARTBEAT_MS = 5_000;
/** A few connections before the first mark, so that code and pools of the first ones are not counted. */
const FIRST_CONNECTIONS = 100;

async function measureIdle(contender: ContenderName, settings: RunSettings): Promise<Figures> {
  const { certificates, idleConnections, idleSettleMs } = settings;
  const first = Math.min(FIRST_CONNECTIONS, Math.ceil(idleConnections / 10));
  return await withPair(
    { contender, certificates, connections: first, hosts: LOOPBACK_HOSTS, exposeGc: true },
    async ({ server, client, connectMore }) => {
      const before = await server.call('mark', { collect: true });
      await connectMore(idleConnections);
      await client.call('start', { kind: 'idle', heartbeatMs: HEARTBEAT_MS });
      await sleep(idleSettleMs);
      const after = await server.call('mark', { collect: true });
      const taken = after.established - before.established;
      if (taken !== idleConnections) throw new Error(`${taken} of ${idleConnections} connections are there`);
      const perConnection = (bytesOf: (mark: Mark) => number): number =>
        (bytesOf(after) - bytesOf(before)) / taken / KIBIBYTE;
      return {
        rss: perConnection((mark) => mark.rssBytes),
        heap: perConnection((mark) => mark.heapBytes + mark.externalBytes),
      };
    },
  );
}

const participants: Participant[] = Object.entries({
  [OURS]: 'sealane',
  tls: 'tls-echo',
  'ws over TLS': 'wss-requests',
} as const).map(([name, contender]) => ({ name, contender, measure: (settings) => measureIdle(contender, settings) }));

export const idle: readonly Series[] = [
  {
    row: 'P6',
    variant: 'memory of an idle connection',
    figures: [
      { name: 'rss', unit: 'KiB RSS' },
      { name: 'heap', unit: 'KiB heap + external' },
    ],
    participants,
    aims: [
      { figure: 'rss', relation: 'at most', value: 8 },
      { figure: 'rss', against: 'tls', relation: 'at most', value: 0.3 },
    ],
  },
];
