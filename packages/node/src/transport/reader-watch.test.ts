import type { Socket } from 'node:net';
import { describe, expect, it } from '@jest/globals';
import { ReaderWatch } from './reader-watch.ts';

const LIMITS = { slowReaderWindowMs: 1_000, slowReaderBytesPerSecond: 100 };

/** What the watch sees of a socket: `bytesWritten` less what waits. */
class WatchedSocket {
  readonly bytesWritten = 10_000;
  writableLength = 10_000;

  take(bytes: number): void {
    this.writableLength -= bytes;
  }
}

const watched = (socket: WatchedSocket): ReaderWatch => new ReaderWatch(socket as unknown as Socket, LIMITS, 0);

describe('the watch of a reader', () => {
  it('B2: too slow is who takes less than the limit in a window, and is no faster until the last look', () => {
    const socket = new WatchedSocket();
    const watch = watched(socket);
    socket.take(99);
    expect([watch.isTooSlow(999), watch.isTooSlow(1_000), watch.checkAt]).toEqual([false, false, 1_100]);
    expect([watch.isTooSlow(1_099), watch.isTooSlow(1_100)]).toEqual([false, true]);
  });

  it('B2: who takes enough begins the next window, in which it is to take as much again', () => {
    const socket = new WatchedSocket();
    const watch = watched(socket);
    socket.take(100);
    expect([watch.isTooSlow(1_000), watch.checkAt]).toEqual([false, 2_000]);
    expect([watch.isTooSlow(2_000), watch.isTooSlow(2_100)]).toEqual([false, true]);
  });

  it('B11: a pause of the own program condemns nobody who read: it shows at the last look', () => {
    const socket = new WatchedSocket();
    const watch = watched(socket);
    // Stopped for a minute: timers come before the socket has its turn.
    expect(watch.isTooSlow(60_000)).toBe(false);
    socket.take(5_000);
    expect([watch.isTooSlow(60_100), watch.checkAt]).toEqual([false, 61_100]);
    // The next window asks for what is taken in it.
    expect([watch.isTooSlow(61_100), watch.isTooSlow(61_200)]).toEqual([false, true]);
  });
});
