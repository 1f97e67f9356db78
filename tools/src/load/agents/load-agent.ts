/**
 * LoadAgent: one agent of the load, with the logs that the checker reads. It is the agent of the library, whose outbox,
 * inbox and reconnecting are part of what is tried: with a subscription it takes about 50 KiB, so ten thousand fit.
 */
import { connect, type Agent, type DeliveredEvent, type SkippedEvents, type Subscription } from '@sealane/agent';
import { decodeEvent, encodeEvent, eventKey, topicOfEvent } from '../event-body.ts';
import type { DeliveredLog, PublishedLog } from '../check/check.ts';
import type { AgentTally, AgentsPlan } from './agents-plan.ts';

/** Time for one agent to be admitted, with thousands before it. */
const ADMISSION_MS_MAX = 120_000;

export class LoadAgent {
  readonly #number: number;
  readonly #plan: AgentsPlan;
  readonly #tally: AgentTally;
  readonly #positions: number[] = [];
  readonly #keys: number[] = [];
  #agent: Agent | undefined;
  #subscription: Subscription | undefined;
  #lastSequence = 0;
  #announced = 0;
  #gaps = 0;
  #damaged = 0;
  #repeated = 0;

  constructor(number: number, plan: AgentsPlan, tally: AgentTally) {
    this.#number = number;
    this.#plan = plan;
    this.#tally = tally;
  }

  get isConnected(): boolean {
    return this.#agent?.state.state === 'connected';
  }

  /** Connects, and subscribes where the plan says so. */
  async start(): Promise<void> {
    const { hosts, port, serverKey, run, mix, tokens } = this.#plan;
    const token = tokens?.[this.#number];
    this.#agent = await connect({
      server: { host: hosts[this.#number % hosts.length] ?? '127.0.0.1', port },
      serverKey,
      ...(token === undefined ? { id: `load-${run}-${this.#number}` } : { token }),
      timeoutMs: ADMISSION_MS_MAX,
      onState: (state) => this.#tally.onState(state),
    });
    if (!mix.subscribe) return;
    this.#subscription = this.#agent.subscribe(this.#topicName(this.#topic), (event) => this.#onEvent(event), {
      onSkipped: (skipped) => this.#onSkipped(skipped),
    });
    await this.#subscription.ready;
  }

  /** Publishes the next event. @param dueAt when it should have been. */
  publish(dueAt: number): void {
    const { eventBytes, topics } = this.#plan;
    const counter = this.#positions.push(0);
    const event = { publisher: this.#number, counter, dueAt };
    const topic = `topic:${this.#topicName(topicOfEvent(event, topics))}`;
    this.#tally.published += 1;
    this.#agent?.publish(topic, encodeEvent(event, eventBytes), { timeoutMs: 0 }).then(
      ({ sequence }) => {
        this.#positions[counter - 1] = sequence;
        this.#tally.onReceipt(dueAt);
      },
      (error: unknown) => this.#tally.onError(error),
    );
  }

  /** Asks the server for an echo. */
  request(dueAt: number): void {
    this.#tally.requested += 1;
    this.#agent?.request('echo', new Uint8Array(this.#plan.eventBytes)).then(
      () => this.#tally.onReply(dueAt),
      (error: unknown) => this.#tally.onError(error),
    );
  }

  get published(): PublishedLog {
    return { publisher: this.#number, positions: Float64Array.from(this.#positions) };
  }

  /** Undefined where nothing was subscribed. */
  get delivered(): DeliveredLog | undefined {
    if (this.#subscription === undefined) return undefined;
    return {
      reader: this.#number,
      topic: this.#topic,
      keys: Float64Array.from(this.#keys),
      announced: this.#announced,
      gaps: this.#gaps,
      damaged: this.#damaged,
      repeated: this.#repeated,
    };
  }

  /** Leaves nothing behind at the server but the enrolment. */
  async close(): Promise<void> {
    await this.#subscription?.unsubscribe({ forget: true }).catch((error: unknown) => this.#tally.onError(error));
    await this.#agent?.close();
  }

  get #topic(): number {
    return this.#number % this.#plan.topics;
  }

  #topicName(topic: number): string {
    return `load.${this.#plan.run}.${topic}`;
  }

  #onEvent({ body, sequence, attempt }: DeliveredEvent): void {
    const now = performance.timeOrigin + performance.now();
    if (attempt > 1) this.#repeated += 1;
    if (sequence > this.#lastSequence + 1) this.#gaps += sequence - this.#lastSequence - 1;
    this.#lastSequence = Math.max(sequence, this.#lastSequence);
    const event = decodeEvent(body);
    if (event === undefined) {
      this.#damaged += 1;
      return;
    }
    this.#keys.push(eventKey(event));
    this.#tally.onDelivery(now - event.dueAt);
  }

  #onSkipped({ from, to }: SkippedEvents): void {
    if (from > this.#lastSequence + 1) this.#gaps += from - this.#lastSequence - 1;
    this.#lastSequence = Math.max(to, this.#lastSequence);
    this.#announced += to - from + 1;
  }
}
