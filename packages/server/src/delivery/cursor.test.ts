import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { Subscribe } from '@sealane/shared/packets';
import type { QueueInfo } from '../store/index.ts';
import { doneBy } from './cursor.ts';

const LINEAGE = new Uint8Array(16).fill(1);

function subscribe(about: Partial<Subscribe>): Subscribe {
  const fields = { topic: null, group: null, windowEvents: 1, ackWaitMs: 0, cursor: 0, doneBitmap: new Uint8Array(0) };
  return { id: 0x30, subscription: 1, lineage: LINEAGE, ...fields, ...about };
}

function info(about: Partial<QueueInfo> = {}): QueueInfo {
  const spec = { kind: 'agent', agentId: 'a' } as const;
  const counts = { settledTo: 5, nextSequence: 21, waiting: 15, waitingBytes: 0, deliveredTo: 20 };
  return { queueId: 'q', spec, lineage: LINEAGE, ...counts, ...about };
}

describe('what an agent is done with', () => {
  it('R11: only what is new, in this lineage, and not beyond the end', () => {
    const bits = Uint8Array.of(0b1000_0001, 0b0000_0001);
    expect(doneBy(subscribe({ cursor: 7, doneBitmap: bits }), info())?.settlements).toEqual([
      { kind: 'acked-to', sequence: 7 },
      { kind: 'acked', sequence: 8 },
      { kind: 'acked', sequence: 15 },
      { kind: 'acked', sequence: 16 },
    ]);
    expect(doneBy(subscribe({ cursor: 7, lineage: new Uint8Array(16) }), info())).toBeUndefined();
    expect(doneBy(subscribe({ cursor: 7, lineage: null }), info())).toBeUndefined();
    expect(doneBy(subscribe({ cursor: 5 }), info())).toBeUndefined();
    const beyond = subscribe({ cursor: Number.MAX_SAFE_INTEGER, doneBitmap: new Uint8Array(512).fill(255) });
    expect(doneBy(beyond, info())).toBeUndefined();
    expect(doneBy(subscribe({ cursor: 20, doneBitmap: Uint8Array.of(1) }), info())).toBeUndefined();
    expect(doneBy(subscribe({ cursor: 20 }), info())?.settlements).toEqual([{ kind: 'acked-to', sequence: 20 }]);
  });

  it('of a group single sequences count, and the cursor does not', () => {
    const group = info({ spec: { kind: 'group', group: 'g', pattern: 'a' } });
    const done = doneBy(subscribe({ cursor: 7, doneBitmap: Uint8Array.of(2) }), group);
    expect(done?.settlements).toEqual([{ kind: 'acked', sequence: 9 }]);
    expect([7, 9].map((sequence) => done?.isDone(sequence))).toEqual([false, true]);
  });

  it('nothing outside the queue is ever settled', () => {
    fc.assert(
      fc.property(fc.maxSafeNat(), fc.uint8Array({ maxLength: 16 }), (cursor, doneBitmap) => {
        for (const each of doneBy(subscribe({ cursor, doneBitmap }), info())?.settlements ?? []) {
          expect('sequence' in each && each.sequence > 5 && each.sequence <= 20).toBe(true);
        }
      }),
    );
  });
});
