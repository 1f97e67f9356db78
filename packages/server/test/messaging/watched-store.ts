/** A messaging store whose steps a test may fail. Not part of the product. */
import type { MessagingStore } from '../../src/messaging/store/messaging-store.ts';
import type {
  ServiceAnswer,
  ServiceAsk,
  ServiceStepName,
  ServiceStore,
} from '../../src/messaging/store/service-store.ts';

export class WatchedStore implements ServiceStore {
  readonly #store: MessagingStore;
  /** Called before a step; what it throws is what the caller gets. */
  onAsk: (name: ServiceStepName) => void = () => undefined;

  constructor(store: MessagingStore) {
    this.#store = store;
  }

  async ask<Name extends ServiceStepName>(name: Name, ask: ServiceAsk<Name>): Promise<ServiceAnswer<Name>> {
    this.onAsk(name);
    return await this.#store.ask(name, ask);
  }
}
