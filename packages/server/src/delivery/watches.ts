/** Watches: whose presence one connection watches (docs/protocols/delivery.md §8). */
import type { PresenceWatch } from '@sealane/shared/packets';
import type { DeliveryHost } from './delivery-host.ts';
import type { DeliverySink } from './environment.ts';
import { refusePresence } from './presence.ts';

export class Watches {
  readonly #delivery: DeliveryHost;
  readonly #sink: DeliverySink;
  readonly #agentIds = new Set<string>();

  constructor(delivery: DeliveryHost, sink: DeliverySink) {
    this.#delivery = delivery;
    this.#sink = sink;
  }

  onPacket({ agentId, watch }: PresenceWatch): void {
    const { limits, presence } = this.#delivery;
    if (!watch) this.#stop(agentId);
    else if (!this.#mayWatch(agentId)) refusePresence(this.#sink, agentId, 'E_FORBIDDEN');
    else if (!this.#agentIds.has(agentId) && this.#agentIds.size >= limits.watchesPerConnectionMax)
      refusePresence(this.#sink, agentId, 'E_SUBSCRIPTION_LIMIT');
    else {
      this.#agentIds.add(agentId);
      presence.watch(this.#sink, agentId);
    }
  }

  /** Ends what is not allowed any more. */
  recheck(): void {
    for (const agentId of this.#agentIds) {
      if (this.#mayWatch(agentId)) continue;
      this.#stop(agentId);
      refusePresence(this.#sink, agentId, 'E_FORBIDDEN');
    }
  }

  end(): void {
    for (const agentId of this.#agentIds) this.#stop(agentId);
  }

  #mayWatch(agentId: string): boolean {
    return this.#delivery.permissions.authorize(this.#sink.peer, 'subscribe', `agent:${agentId}`);
  }

  #stop(agentId: string): void {
    if (this.#agentIds.delete(agentId)) this.#delivery.presence.unwatch(this.#sink, agentId);
  }
}
