/** DeliveryLink: an open connection as delivery uses it; the link's session stands behind it, or a script in tests. */
import type { ErrorCode } from '@sealane/shared/errors';
import type {
  EventAck,
  EventNack,
  EventProgress,
  PresenceWatch,
  ProducerOpen,
  Subscribe,
  Unsubscribe,
} from '@sealane/shared/packets';
import type { QueuedEvent } from './outbox.ts';

/** A packet without its id. */
type Fields<P> = Omit<P, 'id'>;

export interface DeliveryLink {
  /** `SHA256:…` of the server's key. */
  readonly server: string;
  /** Whether the wire version agreed on has events. */
  readonly hasEvents: boolean;
  /** As many bytes wait to be sent as should; `onDrain` is called when that is over. */
  readonly isCongested: boolean;
  subscribe(fields: Fields<Subscribe>): void;
  unsubscribe(fields: Fields<Unsubscribe>): void;
  ackEvent(fields: Fields<EventAck>): void;
  nackEvent(fields: Fields<EventNack>): void;
  eventProgress(fields: Fields<EventProgress>): void;
  openProducer(fields: Fields<ProducerOpen>): void;
  publish(event: QueuedEvent, producer: number, settledNumber: number): void;
  watchPresence(fields: Fields<PresenceWatch>): void;
  /** The server broke a rule: ends the connection. */
  fail(code: ErrorCode): void;
}
