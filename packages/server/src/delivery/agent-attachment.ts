/**
 * AgentAttachment: what delivery knows of one connection, from its admission to its end. One that neither publishes nor
 * subscribes has a lease and nothing else; the rest is made with the first packet that needs it.
 */
import { ProtocolError, StorageError, type ErrorCode } from '@sealane/shared/errors';
import type { Packet } from '@sealane/shared/packets';
import type { Lease } from '../store/index.ts';
import type { DeliverySink } from './environment.ts';
import type { DeliveryHost } from './delivery-host.ts';
import { Publisher } from './publisher.ts';
import { Subscriptions, type SubscriptionOwner } from './subscriptions.ts';
import { AgentUsage } from './usage.ts';
import { Watches } from './watches.ts';

export class AgentAttachment implements SubscriptionOwner {
  readonly sink: DeliverySink;
  /** In whose name the store is asked; undefined before the store gave one. */
  lease: Lease | undefined;
  /** Somebody else has a newer lease: with this one only what is held can be given back. */
  isFenced = false;
  readonly #delivery: DeliveryHost;
  /** Until when its stay was counted, monotonic ms. */
  #countedTo: number;
  /** Whether the usage has its connection. */
  #isCounted = false;
  #claiming: Promise<Lease> | undefined;
  #usage: AgentUsage | undefined;
  #publisher: Publisher | undefined;
  #subscriptions: Subscriptions | undefined;
  #watches: Watches | undefined;
  #isOver = false;

  constructor(delivery: DeliveryHost, sink: DeliverySink) {
    this.#delivery = delivery;
    this.sink = sink;
    this.#countedTo = delivery.environment.now();
  }

  get usage(): AgentUsage {
    this.#usage ??= new AgentUsage(this.sink.peer.agentId, this.#delivery.usageBook);
    return this.#usage;
  }

  /** Whether it wants its connection not to be read for now. */
  get wantsPause(): boolean {
    return this.#publisher?.wantsPause ?? false;
  }

  /** Whether nothing is under way: no event waits for the store, none for its ack. */
  get isIdle(): boolean {
    return (this.#publisher?.isIdle ?? true) && (this.#subscriptions?.isIdle ?? true);
  }

  /** Subscriptions that are open. */
  get subscriptionCount(): number {
    return this.#subscriptions?.count ?? 0;
  }

  /** Takes a packet of the agent. What breaks the rules ends the session. */
  onPacket(packet: Packet): void {
    try {
      this.#dispatch(packet);
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.fail(error);
    }
  }

  /** The connection can take more. */
  onDrain(): void {
    this.#subscriptions?.onDrain();
  }

  /** Permissions changed: what is not allowed any more ends. */
  recheck(): void {
    this.#subscriptions?.recheck();
    this.#watches?.recheck();
  }

  /** The lease of this connection; asked for where there is none. @throws StorageError. */
  async claim(): Promise<Lease> {
    if (this.isFenced) throw new StorageError('E_FENCED');
    if (this.lease !== undefined) return this.lease;
    this.#claiming ??= this.#claim();
    return await this.#claiming;
  }

  /** Its lease counts no more: another connection took the agent over, or the store lost its past. */
  onLost(code: ErrorCode): void {
    this.isFenced = true;
    this.fail(new ProtocolError(code));
  }

  /** A queue ended one of its subscriptions. */
  dropSubscription(subscription: number, code: ErrorCode): void {
    this.#subscriptions?.drop(subscription, code);
  }

  fail({ code }: ProtocolError): void {
    this.sink.session.fail(code, this.#delivery.environment.now());
    this.sink.wake();
  }

  /** The connection is gone. */
  detach(): void {
    if (this.#isOver) return;
    this.#subscriptions?.end();
    this.#publisher?.end();
    this.#watches?.end();
    this.#isOver = true;
    this.countStay();
    const { agentId, instance } = this.sink.peer;
    const { store, environment } = this.#delivery;
    if (this.lease !== undefined) store.releaseAgent(agentId, instance, this.lease, environment.wallClock());
    this.lease = undefined;
    this.#delivery.onDetached(this);
  }

  /** Tells the usage how long it has been here since it was told last; the first time, that it came. */
  countStay(): void {
    const { environment, usageBook } = this.#delivery;
    const now = environment.now();
    const to = environment.wallClock();
    usageBook.stayed(this.sink.peer.agentId, {
      from: to - Math.round(now - this.#countedTo),
      to,
      isFirst: !this.#isCounted,
    });
    this.#countedTo = now;
    this.#isCounted = true;
  }

  async #claim(): Promise<Lease> {
    const { agentId, instance } = this.sink.peer;
    const { store, environment } = this.#delivery;
    try {
      const lease = await store.claimAgent(agentId, instance);
      if (this.#isOver) store.releaseAgent(agentId, instance, lease, environment.wallClock());
      else this.lease = lease;
      return lease;
    } finally {
      this.#claiming = undefined;
    }
  }

  #dispatch(packet: Packet): void {
    switch (packet.id) {
      case 0x35:
        this.#openSubscriptions().onAck(packet);
        break;
      case 0x3b:
        this.#openPublisher().publish(packet);
        break;
      case 0x30:
        this.#openSubscriptions().subscribe(packet);
        break;
      case 0x32:
        this.#openSubscriptions().unsubscribe(packet);
        break;
      case 0x36:
        this.#openSubscriptions().onNack(packet);
        break;
      case 0x37:
        this.#openSubscriptions().onProgress(packet);
        break;
      case 0x39:
        this.#openPublisher().open(packet);
        break;
      case 0x3d:
        this.#openWatches().onPacket(packet);
        break;
      default:
        throw new ProtocolError('E_STATE', 'this packet is not for a server');
    }
  }

  #openSubscriptions(): Subscriptions {
    this.#subscriptions ??= new Subscriptions(this.#delivery, this);
    return this.#subscriptions;
  }

  #openPublisher(): Publisher {
    this.#publisher ??= new Publisher(this.#delivery, this.sink, this.usage);
    return this.#publisher;
  }

  #openWatches(): Watches {
    this.#watches ??= new Watches(this.#delivery, this.sink);
    return this.#watches;
  }
}
