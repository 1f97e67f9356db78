/** An agent for tests that publishes and takes events over a real connection. Not part of the product. */
import { errorByNumber, type ErrorCode } from '@sealane/shared/errors';
import type { Event, Receipt, Skipped, Subscribed } from '@sealane/shared/packets';
import type { ServerDeliveryPacket } from '@sealane/shared/session';
import { TestAgent, type TestAgentOptions } from '../test-agent.ts';
import { eventually } from '../eventually.ts';
import { producerIdOf } from './fake-agent.ts';

const NO_BYTES = new Uint8Array(0);

export class EventAgent {
  readonly agent: TestAgent;
  readonly events: Event[] = [];
  readonly skipped: Skipped[] = [];
  readonly receipts: Receipt[] = [];
  readonly subscribed: Subscribed[] = [];
  readonly unsubscribed: (ErrorCode | undefined)[] = [];
  readonly presence: { readonly agentId: string; readonly online: boolean }[] = [];
  producerNumber: number | undefined;
  onEvent: ((event: Event) => void) | undefined;

  private constructor(agent: TestAgent) {
    this.agent = agent;
    agent.onDelivery = (packet) => this.#onPacket(packet);
  }

  static async open(options: TestAgentOptions): Promise<EventAgent> {
    return new EventAgent(await TestAgent.open(options));
  }

  /** Numbers with a receipt that says stored. */
  get stored(): number {
    return this.receipts.reduce((sum, { code, count }) => sum + (code === 0 ? count : 0), 0);
  }

  async subscribe(
    topic: string | null,
    options: { readonly ackWaitMs?: number; readonly group?: string } = {},
  ): Promise<Subscribed> {
    this.agent.session.subscribe(1, topic, options.group ?? null, 256, options.ackWaitMs ?? 0, null, 0, NO_BYTES);
    this.agent.wake();
    await eventually('an answer to Subscribe', () => this.subscribed.length + this.unsubscribed.length > 0);
    const [subscribed] = this.subscribed;
    if (subscribed === undefined) throw new Error(`refused: ${this.unsubscribed[0] ?? ''}`);
    return subscribed;
  }

  async openProducer(): Promise<number> {
    this.agent.session.openProducer(1, producerIdOf('outbox'));
    this.agent.wake();
    await eventually('an answer to Producer Open', () => this.producerNumber !== undefined);
    return this.producerNumber ?? 0;
  }

  publish(number: number, to: string, body: Uint8Array = NO_BYTES): void {
    this.agent.session.publish(1, number, 0, to, null, body, null, 0, 0, false);
  }

  ack({ subscription, sequence, attempt }: Event): void {
    this.agent.session.ackEvent(subscription, sequence, attempt);
    this.agent.wake();
  }

  #onPacket(packet: ServerDeliveryPacket): void {
    switch (packet.id) {
      case 0x31:
        this.subscribed.push(packet);
        break;
      case 0x33:
        this.unsubscribed.push(errorByNumber(packet.code));
        break;
      case 0x34:
        this.events.push(packet);
        this.onEvent?.(packet);
        break;
      case 0x38:
        this.skipped.push(packet);
        break;
      case 0x3a:
        this.producerNumber = packet.number;
        break;
      case 0x3c:
        this.receipts.push(packet);
        break;
      case 0x3e:
        this.presence.push(packet);
        break;
    }
  }
}
