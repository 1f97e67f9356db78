/** VolatileStore: a MemoryStore that does not speak for a disk. */
import type { NewEvent, PublishResult, StoreHealth, StoreListener } from '../store.ts';
import { MemoryStore } from './memory-store.ts';

/**
 * The memory store as servers use it (`--store memory:`): what it has ends with the process, so none of its receipts
 * says durable (docs/protocols/delivery.md §3.6), whereas a MemoryStore speaks for the disk that it is a model of.
 */
export class VolatileStore extends MemoryStore {
  override get health(): StoreHealth {
    return relaxedHealth(super.health);
  }

  override open(listener: StoreListener): Promise<void> {
    return super.open({
      onQueues: (queueIds) => listener.onQueues(queueIds),
      onAgentLost: (agentId, instance, reason) => listener.onAgentLost(agentId, instance, reason),
      onHealth: (health) => listener.onHealth(relaxedHealth(health)),
      onIncident: (incident) => listener.onIncident(incident),
    });
  }

  override async publish(events: readonly NewEvent[]): Promise<readonly PublishResult[]> {
    const results = await super.publish(events);
    return results.map((result) => (result.status === 'refused' ? result : { ...result, durability: 'relaxed' }));
  }
}

function relaxedHealth(health: StoreHealth): StoreHealth {
  return { ...health, durability: 'relaxed' };
}
