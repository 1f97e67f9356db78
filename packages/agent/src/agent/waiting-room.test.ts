import { describe, expect, it } from '@jest/globals';
import { TransportError } from '@sealane/shared/errors';
import { WaitingRoom } from './waiting-room.ts';

describe('WaitingRoom', () => {
  it('lets all in, in the order in which they came', async () => {
    const room = new WaitingRoom<string>(3);
    const order: number[] = [];
    const all = [1, 2, 3].map((guest) => room.wait({ timeoutMs: 0 }).then(() => order.push(guest)));
    room.admitAll('open');
    await Promise.all(all);
    expect(order).toEqual([1, 2, 3]);
    expect(room.size).toBe(0);
  });

  it('is bounded, and everyone who leaves makes room', async () => {
    const room = new WaitingRoom<string>(1);
    const controller = new AbortController();
    const first = room.wait({ timeoutMs: 0, signal: controller.signal });
    await expect(room.wait({ timeoutMs: 0 })).rejects.toMatchObject({ code: 'E_BUSY' });
    controller.abort();
    await expect(first).rejects.toMatchObject({ code: 'E_CANCELLED' });
    await expect(room.wait({ timeoutMs: 5 })).rejects.toMatchObject({ code: 'E_TIMEOUT' });
    await expect(room.wait({ timeoutMs: 0, signal: controller.signal })).rejects.toMatchObject({ code: 'E_CANCELLED' });
    const last = room.wait({ timeoutMs: 0 });
    room.refuseAll(new TransportError('E_CLOSED'));
    await expect(last).rejects.toMatchObject({ code: 'E_CLOSED' });
    expect(room.size).toBe(0);
  });
});
