import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { limitsOf, type ServerLimits } from '../config/index.ts';
import { ConnectionGate } from './connection-gate.ts';

const FAR = { isLoopback: false, now: 0 };

function gateOf(overrides: Partial<ServerLimits> = {}, random = () => 0.999_999): ConnectionGate {
  return new ConnectionGate({ ...limitsOf('strict'), ...overrides }, { descriptorsMax: 1_000, random });
}

describe('ConnectionGate', () => {
  it('G3: strict takes ten unauthenticated connections of an address, and the eleventh from another', () => {
    const gate = gateOf();
    for (let count = 0; count < 10; count++) {
      expect(gate.judge('a', FAR)).toBeUndefined();
      gate.open('a');
    }
    expect(gate.judge('a', FAR)).toMatchObject({
      reason: 'address',
      code: 'E_TOO_MANY_CONNECTIONS',
      retryAfterMs: 1_000,
    });
    expect(gate.judge('b', FAR)).toBeUndefined();
    expect(gate.judge('a', { isLoopback: true, now: 0 })).toBeUndefined();
  });

  it('G3: those that proved who they are do not count against the ten', () => {
    const gate = gateOf();
    for (let count = 0; count < 50; count++) {
      expect(gate.judge('a', FAR)).toBeUndefined();
      gate.open('a');
      expect(gate.authenticate('a')).toBe(true);
    }
  });

  it('G3: authenticated connections of an address have a limit of their own', () => {
    const gate = gateOf({ authenticatedPerAddressMax: 1 });
    gate.open('a');
    gate.open('a');
    expect(gate.authenticate('a')).toBe(true);
    expect(gate.authenticate('a')).toBe(false);
    gate.close('a', false);
    gate.close('a', true);
    expect(gate.counts).toMatchObject({ connections: 0, unauthenticated: 0, addresses: 0 });
  });

  it('G3: counts are exact after any churn', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.constantFrom('a', 'b', 'c'), fc.boolean()), { maxLength: 200 }), (opens) => {
        const gate = gateOf({ authenticatedPerAddressMax: 20 });
        const ends = opens.map(([key, wants]) => {
          gate.open(key);
          const authenticated = wants && gate.authenticate(key);
          return () => gate.close(key, authenticated);
        });
        expect(gate.counts.connections).toBe(opens.length);
        for (const end of ends.reverse()) end();
        expect(gate.counts).toMatchObject({ connections: 0, unauthenticated: 0, addresses: 0 });
      }),
    );
  });

  it('G3: drops at random between the mark and the maximum', () => {
    const limits = { unauthenticatedPerAddressDropFrom: 4, unauthenticatedPerAddressMax: 8 };
    const lucky = gateOf(limits, () => 0.5);
    for (let count = 0; count < 6; count++) lucky.open('a');
    expect(lucky.judge('a', FAR)).toBeUndefined();
    lucky.open('a');
    expect(lucky.judge('a', FAR)).toMatchObject({ reason: 'early-drop' });
  });

  it('rule 7: stops below the limit of file descriptors', () => {
    const gate = new ConnectionGate(limitsOf('default'), { descriptorsMax: 130 });
    expect(gate.counts.connectionsMax).toBe(2);
    gate.open('a');
    gate.open('a');
    expect(gate.judge('b', { isLoopback: true, now: 0 })).toMatchObject({
      reason: 'connections',
      code: 'E_TOO_MANY_CONNECTIONS',
      retryAfterMs: 5_000,
    });
  });

  it('G2: after five failures within 10 s the address waits for the end of the window, others do not', () => {
    const gate = gateOf();
    for (let count = 0; count < 4; count++) gate.fail('a', 1_000);
    expect(gate.judge('a', { isLoopback: false, now: 2_000 })).toBeUndefined();
    gate.fail('a', 2_000);
    expect(gate.judge('a', { isLoopback: false, now: 3_000 })).toEqual({
      reason: 'rate',
      code: 'E_RATE_LIMITED',
      retryAfterMs: 8_000,
    });
    expect(gate.judge('b', { isLoopback: false, now: 3_000 })).toBeUndefined();
    expect(gate.judge('a', { isLoopback: true, now: 3_000 })).toBeUndefined();
    expect(gate.judge('a', { isLoopback: false, now: 11_000 })).toBeUndefined();
  });

  it('G4: memory of failing addresses is bounded and empties itself', () => {
    const gate = gateOf();
    for (let count = 0; count < 100_000; count++) gate.fail(`${count}`, 0);
    expect(gate.counts.failingAddresses).toBeLessThanOrEqual(65_536);
    gate.fail('late', 20_000);
    expect(gate.counts.failingAddresses).toBe(1);
  });
});
