import { describe, expect, it } from '@jest/globals';
import { reasonsIn } from './counted-reasons.ts';

describe('counted reasons', () => {
  it('are the samples with a reason that are not zero', () => {
    const metrics = [
      '# HELP sealane_handshakes_failed_total Handshakes that came to no session, by code.',
      'sealane_handshakes_failed_total{reason="E_TOO_LARGE"} 12',
      'sealane_handshakes_failed_total{reason="silent"} 0',
      'sealane_acks_refused_total{reason="stale"} 1',
      'sealane_bytes_received_total 7',
    ].join('\n');
    expect(reasonsIn(metrics)).toEqual({
      handshakes_failed_total: { E_TOO_LARGE: 12 },
      acks_refused_total: { stale: 1 },
    });
  });
});
