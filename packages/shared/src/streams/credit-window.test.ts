import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { CreditWindow } from './credit-window.ts';

describe('CreditWindow', () => {
  it('A6: credit is exact: a window to the byte, and not one more', () => {
    for (const size of [0, 1, 2, 3, 1_000]) {
      const window = new CreditWindow(size);
      expect(window.take(size + 1)).toBe(false);
      expect(window.take(size)).toBe(true);
      expect(window.take(1)).toBe(false);
      expect(window.heldBytes).toBe(size);
    }
  });

  it('A6: credit goes back as soon as half a window is taken, and not before', () => {
    const window = new CreditWindow(10);
    window.take(10);
    expect([window.release(4), window.release(1), window.release(4), window.release(1)]).toEqual([0, 5, 0, 5]);
  });

  it('A6: what is held and what may still come never exceed the window, and a reader that reads never starves its peer', () => {
    const steps = fc.array(fc.tuple(fc.boolean(), fc.nat(120)), { maxLength: 200 });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 100 }), steps, (size, moves) => {
        const window = new CreditWindow(size);
        let allowed = size;
        let held = 0;
        for (const [takes, amount] of moves) {
          if (takes) {
            expect(window.take(amount)).toBe(amount <= allowed);
            if (amount > allowed) continue;
            allowed -= amount;
            held += amount;
          } else {
            const consumed = Math.min(amount, held);
            held -= consumed;
            allowed += window.release(consumed);
          }
          expect(window.heldBytes).toBe(held);
          expect(held + allowed).toBeLessThanOrEqual(size);
          if (held === 0) expect(allowed).toBeGreaterThan(size / 2 - 1);
        }
        allowed += window.release(held);
        expect(allowed).toBeGreaterThan(0);
      }),
    );
  });

  it('A6: consuming more than was received is a mistake of the caller', () => {
    expect(() => new CreditWindow(10).release(1)).toThrow(/no more is consumed/);
  });
});
