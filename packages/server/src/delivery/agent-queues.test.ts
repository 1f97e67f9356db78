import { describe, expect, it } from '@jest/globals';
import { MemoryStore } from '../store/index.ts';
import { AgentQueues } from './agent-queues.ts';

const nothing = (): void => undefined;

describe('AgentQueues', () => {
  it('rule 2: a directory that fails leaves nothing behind for each agent, and nobody is unknown for a while', async () => {
    const store = new MemoryStore();
    await store.open({ onQueues: nothing, onAgentLost: nothing, onHealth: nothing, onIncident: nothing });
    const time = { now: 5 };
    const directory = { isDown: true };
    const isKnown = async (agentId: string): Promise<boolean> => {
      if (directory.isDown) throw new Error('no answer');
      return Promise.resolve(agentId === 'ann');
    };
    const queues = new AgentQueues(store, isKnown, () => time.now);
    expect(queues.reopen('zoe')).toBe(false);
    await queues.open(['ann', 'bob']);
    expect([queues.isOpen('ann'), queues.reopen('ann'), queues.reopen('ann'), queues.reopen('zoe')]).toEqual([
      ...[false, true, true, true],
    ]);
    directory.isDown = false;
    await queues.open(['ann', 'bob']);
    expect([queues.isOpen('ann'), queues.isOpen('bob')]).toEqual([true, false]);
    time.now += 60_000;
    expect([queues.reopen('bob'), queues.reopen('ann'), queues.reopen('ann')]).toEqual([false, true, false]);
    store.crash();
  });
});
