/**
 * P5: full mutual post-quantum handshakes. Each connection is made, asks once, gets its answer and is closed: with 16
 * at once for the rate, one at a time for the time from connecting to the first reply. Peers: TLS 1.3 with the hybrid
 * group X25519MLKEM768 and certificates on both sides, without resumption.
 */
import { steadyParticipants } from './measure.ts';
import { OURS, type Aim, type Series } from './series.ts';

const BYTES = 64;
const PEERS = { 'tls mutual, Ed25519': 'tls-mutual-ed25519', 'tls mutual, P-256': 'tls-mutual-p256' } as const;

const aims: readonly Aim[] = Object.keys(PEERS).map((against) => ({
  figure: 'rate',
  against,
  relation: 'at least',
  value: 1.5,
}));

const seriesOf = (atOnce: number, variant: string): Series => ({
  row: 'P5',
  variant,
  figures: [
    { name: 'rate', unit: '/s' },
    { name: 'p50', unit: 'µs' },
    { name: 'p99', unit: 'µs' },
    { name: 'serverCpu', unit: 'µs CPU' },
    { name: 'clientCpu', unit: 'µs CPU' },
  ],
  participants: steadyParticipants(
    { plan: { kind: 'handshake', atOnce, bytes: BYTES }, connections: 0, counter: 'client' },
    { [OURS]: 'sealane-returning', ...PEERS },
  ),
  aims,
});

export const handshakes: readonly Series[] = [seriesOf(16, '16 at once'), seriesOf(1, 'set-up to first reply')];
