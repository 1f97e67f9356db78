import { describe, expect, it } from '@jest/globals';
import { EventEmitter } from 'node:events';
import { silentLogger } from '../log/index.ts';
import { Shutdown } from './shutdown.ts';

const started = () => {
  const signals = new EventEmitter();
  const exits: number[] = [];
  return {
    signals,
    exits,
    shutdown: new Shutdown({ signals, log: silentLogger, exitNow: (code) => exits.push(code), graceMs: 20 }),
  };
};

describe('shutdown', () => {
  it('O1: tasks run once, the last added first; one that fails does not stop the others', async () => {
    const { signals, shutdown } = started();
    const order: string[] = [];
    shutdown.onShutdown(() => void order.push('first'));
    shutdown.onShutdown(() => Promise.reject(new Error('boo')));
    shutdown.onShutdown(async () => void order.push('last'));
    signals.emit('SIGTERM');
    await shutdown.whenTasksDone;
    expect(order).toEqual(['last', 'first']);
    expect(shutdown.endSignal).toBe('SIGTERM');
    shutdown.dispose();
  });

  it('O1: the second signal ends at once, the time limit holds in between', async () => {
    const { signals, exits, shutdown } = started();
    shutdown.onShutdown(() => new Promise(() => undefined));
    signals.emit('SIGINT');
    await shutdown.whenTimeIsUp;
    expect(exits).toEqual([]);
    signals.emit('SIGINT');
    expect(exits).toEqual([130]);
    shutdown.dispose();
    expect(signals.eventNames()).toEqual([]);
  });

  it('O2: SIGHUP is taken only by a command that reloads', () => {
    const { signals, shutdown } = started();
    expect(signals.listenerCount('SIGHUP')).toBe(0);
    let reloads = 0;
    shutdown.onReload(() => {
      reloads++;
    });
    signals.emit('SIGHUP');
    expect(reloads).toBe(1);
    shutdown.dispose();
  });
});
