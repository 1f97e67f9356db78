/** What connections use of the delivery engine. */
import type { Permissions } from '../permissions/index.ts';
import type { StoreHealth } from '../store/index.ts';
import type { DeliverySink } from './environment.ts';
import type { Presence } from './presence.ts';
import type { PublisherHost } from './publisher.ts';
import type { QueueReaders } from './queue-readers.ts';
import type { UsageBook } from './usage.ts';

export interface DeliveryHost extends PublisherHost {
  readonly permissions: Permissions;
  readonly readers: QueueReaders;
  readonly presence: Presence;
  readonly usageBook: UsageBook;
  readonly health: StoreHealth;
  /** A connection is gone. */
  onDetached(attachment: { readonly sink: DeliverySink }): void;
}
