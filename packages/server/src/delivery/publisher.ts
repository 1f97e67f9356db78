/**
 * Publisher: what one connection publishes (docs/protocols/delivery.md §3).
 *
 *   1. each event is judged on its own: address, topic, permission, room       2. those of one turn go to the store together
 *   3. the store's answer becomes receipts                                     4. with too much waiting, the connection is
 *                                                                                 not read; after a second events are refused
 *
 * An outbox whose event was refused for a passing reason is refused all that follows until that one comes again: so what
 * it sends stays in order.
 */
import { ERRORS, ProtocolError, type ErrorCode } from '@sealane/shared/errors';
import type { ProducerOpen, Publish } from '@sealane/shared/packets';
import { InboundShare, type InboundBudget, type InboundHolder } from '../limits/index.ts';
import type { Durability, NewEvent, ProducerRef, PublishResult } from '../store/index.ts';
import { AddressJudge, type AddressJudgeHost } from './address-judge.ts';
import { Alarm, type AlarmOwner } from './alarms.ts';
import { expiryOf } from './expiry.ts';
import type { AgentUsage } from './usage.ts';
import { isOpen, type DeliverySink } from './environment.ts';
import type { ReaderHost } from './reader-host.ts';
import { sendReceipts, sendRefusal } from './receipts.ts';

/** What a publisher asks of its engine. */
export interface PublisherHost extends ReaderHost, AddressJudgeHost {
  readonly inbound: InboundBudget;
}

/** An outbox that is open on this connection. */
interface Producer {
  readonly handle: number;
  readonly ref: ProducerRef;
  /** The event that was refused for now, and until when others wait for it. */
  blocked: { readonly number: number; readonly until: number; readonly code: PassingCode } | undefined;
  /** Set when it could not be opened: the agent may open it again. */
  refusedWith: PassingCode | undefined;
}

/** Events that go to the store together; the lists go together. */
interface Batch {
  readonly startedAt: number;
  readonly publishedAt: number;
  readonly events: NewEvent[];
  readonly producers: Producer[];
  readonly numbers: number[];
  bytes: number;
}

/** 96 random bits in base64url (RFC 4648 §5). */
const PRODUCER_ID = /^[A-Za-z0-9_-]{16}$/;
/** What an event takes beside its body. */
const EVENT_OVERHEAD_BYTES = 128;
/** An outbox that never offers a refused event again may go on after this long. */
const BLOCKED_MS_MAX = 15_000;

const PASSING = ['E_BUSY', 'E_STORE_FULL', 'E_STORE_UNAVAILABLE'] as const satisfies readonly ErrorCode[];
type PassingCode = (typeof PASSING)[number];

export class Publisher implements AlarmOwner, InboundHolder {
  readonly #host: PublisherHost;
  readonly #sink: DeliverySink;
  readonly #usage: AgentUsage;
  readonly #from: string;
  readonly #producers = new Map<number, Producer>();
  readonly #judge: AddressJudge;
  readonly #alarm = new Alarm(this);
  #batch: Batch | undefined;
  readonly #inbound: InboundShare;
  #waitingEvents = 0;
  #waitingBytes = 0;
  /** Batches that wait for queues of agents to be opened. */
  readonly #held: Batch[] = [];
  #isOpening = false;
  /** Too much waits: nothing is read, and after a while what comes is refused. */
  #isPaused = false;
  #isRefusing = false;

  constructor(host: PublisherHost, sink: DeliverySink, usage: AgentUsage) {
    this.#host = host;
    this.#sink = sink;
    this.#usage = usage;
    this.#from = `agent:${sink.peer.agentId}`;
    this.#judge = new AddressJudge(host, sink);
    this.#inbound = new InboundShare(host.inbound, this);
  }

  get wantsPause(): boolean {
    return this.#isPaused;
  }

  /** Whether no event waits for the store. */
  get isIdle(): boolean {
    return this.#waitingEvents === 0;
  }

  /** @throws ProtocolError `E_STATE` when the handle is in use. */
  open({ producer: handle, producerId }: ProducerOpen): void {
    const known = this.#producers.get(handle);
    if (known !== undefined && known.refusedWith === undefined)
      throw new ProtocolError('E_STATE', 'a producer of this handle is open');
    const { limits, store } = this.#host;
    if (!PRODUCER_ID.test(producerId)) this.#answerOpen(handle, 0, 'E_BAD_REQUEST');
    else if (known === undefined && this.#producers.size >= limits.producersPerConnectionMax)
      this.#answerOpen(handle, 0, 'E_BUSY');
    else {
      const ref = { agentId: this.#sink.peer.agentId, producerId };
      const producer: Producer = { handle, ref, blocked: undefined, refusedWith: undefined };
      this.#producers.set(handle, producer);
      store.producerNumber(ref).then(
        (number) => this.#answerOpen(handle, number, undefined),
        () => {
          producer.refusedWith = 'E_STORE_UNAVAILABLE';
          this.#answerOpen(handle, 0, 'E_STORE_UNAVAILABLE');
        },
      );
    }
  }

  /** @throws ProtocolError `E_STATE` for an outbox that is not open. */
  publish(packet: Publish): void {
    const producer = this.#producers.get(packet.producer);
    if (producer === undefined) throw new ProtocolError('E_STATE', 'no producer of this handle is open');
    const code = this.#judgeEvent(producer, packet);
    if (code !== undefined) {
      this.#refuse(producer, packet, code);
      return;
    }
    this.#batch ??= this.#begin();
    this.#add(this.#batch, producer, packet);
    if (this.#isFull() && !this.#isPaused && !this.#isRefusing) this.#pause();
  }

  /** The connection is gone; what was taken is stored all the same. */
  end(): void {
    this.#host.alarms.clear(this.#alarm);
    this.#inbound.resume();
  }

  /** Others were done with what they had. */
  onInboundRoom(): void {
    if (!this.#isPaused || this.#isFull()) return;
    this.#resume();
    this.#sink.wake();
  }

  /** Nothing was read for a while, and still as much waits: whoever comes is refused instead. */
  onAlarm(): void {
    if (!this.#isPaused) return;
    this.#inbound.resume();
    this.#isPaused = false;
    this.#isRefusing = true;
    this.#sink.wake();
  }

  #answerOpen(handle: number, number: number, code: ErrorCode | undefined): void {
    if (!isOpen(this.#sink)) return;
    const retryAfterMs = code !== undefined && isPassing(code) ? this.#host.limits.busyRetryMs : 0;
    this.#sink.session.sendProducerOpened(handle, number, code === undefined ? 0 : ERRORS[code].number, retryAfterMs);
    this.#sink.wake();
  }

  #judgeEvent(producer: Producer, { number, to, body }: Publish): ErrorCode | undefined {
    const { blocked, refusedWith } = producer;
    if (refusedWith !== undefined) return refusedWith;
    if (blocked !== undefined) {
      if (number > blocked.number && this.#host.environment.now() < blocked.until) return blocked.code;
      producer.blocked = undefined;
    }
    if (this.#isRefusing && this.#isFull()) return 'E_BUSY';
    if (this.#inbound.refuses(body.length + EVENT_OVERHEAD_BYTES)) return 'E_BUSY';
    return this.#judge.judge(to);
  }

  #refuse(producer: Producer, { number }: Publish, code: ErrorCode): void {
    const retryAfterMs = isPassing(code) ? this.#host.limits.busyRetryMs : 0;
    if (isPassing(code) && producer.blocked === undefined) this.#block(producer, number, code);
    this.#host.counters.refuse(code);
    this.#usage.countError();
    sendRefusal(this.#sink.session, { producer: producer.handle, number }, { code, retryAfterMs });
    this.#sink.wake();
  }

  #block(producer: Producer, number: number, code: PassingCode): void {
    producer.blocked = { number, code, until: this.#host.environment.now() + BLOCKED_MS_MAX };
  }

  #begin(): Batch {
    const { environment } = this.#host;
    environment.defer(this.#flush);
    const startedAt = environment.now();
    const publishedAt = environment.wallClock();
    return { startedAt, publishedAt, events: [], producers: [], numbers: [], bytes: 0 };
  }

  #add(batch: Batch, producer: Producer, packet: Publish): void {
    const { number, settledNumber, to, eventId, body, contentType, ttlMs, delayMs, relaxed } = packet;
    const { publishedAt } = batch;
    const { ref } = producer;
    const durability: Durability = relaxed ? 'relaxed' : 'durable';
    batch.events.push({
      id: eventId ?? `${ref.producerId}-${number}`,
      from: this.#from,
      to,
      contentType,
      body,
      publishedAt,
      expiresAt: expiryOf(publishedAt, ttlMs),
      dueAt: delayMs === 0 ? 0 : publishedAt + delayMs,
      durability,
      dedup: { kind: 'number', producer: ref, number, settledNumber },
    });
    batch.producers.push(producer);
    batch.numbers.push(number);
    const bytes = body.length + EVENT_OVERHEAD_BYTES;
    batch.bytes += bytes;
    this.#waitingBytes += bytes;
    this.#inbound.add(bytes);
    this.#waitingEvents += 1;
    this.#usage.countIn(body.length);
  }

  readonly #flush = (): void => {
    const batch = this.#batch;
    if (batch === undefined) return;
    this.#batch = undefined;
    if (!this.#judge.hasMissing && !this.#isOpening) {
      this.#store(batch);
      return;
    }
    this.#held.push(batch);
    if (!this.#isOpening) void this.#storeHeld();
  };

  /** In order: what comes while queues are opened waits too. */
  async #storeHeld(): Promise<void> {
    this.#isOpening = true;
    while (this.#held.length > 0) {
      const agentIds = this.#judge.takeMissing();
      const batches = this.#held.splice(0);
      await this.#host.agentQueues.open(agentIds);
      for (const batch of batches) this.#store(batch);
    }
    this.#isOpening = false;
  }

  #store(batch: Batch): void {
    this.#host.store.publish(batch.events).then(
      (results) => this.#onResults(batch, results),
      () => this.#onResults(batch, batch.events.map(unavailable)),
    );
  }

  #onResults(batch: Batch, stored: readonly PublishResult[]): void {
    const results = stored.some(isUnknownAddress) ? this.#reopened(batch, stored) : stored;
    const { counters, environment } = this.#host;
    this.#waitingEvents -= batch.events.length;
    this.#waitingBytes -= batch.bytes;
    this.#inbound.free(batch.bytes);
    counters.publishSeconds.observe((environment.now() - batch.startedAt) / 1_000, results.length);
    for (let index = 0; index < results.length; index++) {
      const result = results[index];
      if (result?.status === 'stored') counters.stored += 1;
      else if (result?.status === 'duplicate') counters.duplicates += 1;
      else if (result?.status === 'refused') this.#onRefused(batch, index, result.code);
    }
    if (!this.#isFull()) this.#resume();
    if (!isOpen(this.#sink)) return;
    sendReceipts(this.#sink.session, batch, results);
    this.#sink.wake();
  }

  /** Agents that the registry knows and the store does not: their queues are gone, or could not be opened just now. */
  #reopened(batch: Batch, results: readonly PublishResult[]): readonly PublishResult[] {
    return results.map((result, index) => {
      const to = batch.events[index]?.to;
      if (to === undefined || !isUnknownAddress(result)) return result;
      return this.#judge.reopen(to) ? unavailable() : result;
    });
  }

  #onRefused(batch: Batch, index: number, code: ErrorCode): void {
    const producer = batch.producers[index];
    const number = batch.numbers[index];
    this.#host.counters.refuse(code);
    this.#usage.countError();
    if (producer === undefined || number === undefined || !isPassing(code)) return;
    if (producer.blocked === undefined || number < producer.blocked.number) this.#block(producer, number, code);
  }

  #isFull(): boolean {
    const { publishingEventsMax, publishingBytesMax } = this.#host.limits;
    const isFull = this.#waitingEvents >= publishingEventsMax || this.#waitingBytes >= publishingBytesMax;
    return isFull || this.#inbound.isHeavy;
  }

  #pause(): void {
    const { alarms, environment, limits } = this.#host;
    this.#isPaused = true;
    if (this.#inbound.isHeavy) this.#inbound.pause();
    alarms.setBy(this.#alarm, environment.now() + limits.publishPauseMs);
  }

  #resume(): void {
    this.#host.alarms.clear(this.#alarm);
    this.#inbound.resume();
    this.#isPaused = false;
    this.#isRefusing = false;
  }
}

function isPassing(code: ErrorCode): code is PassingCode {
  return (PASSING as readonly ErrorCode[]).includes(code);
}

function isUnknownAddress(result: PublishResult): boolean {
  return result.status === 'refused' && result.code === 'E_UNKNOWN_ADDRESS';
}

function unavailable(): PublishResult {
  return { status: 'refused', code: 'E_STORE_UNAVAILABLE', retryAfterMs: 1_000 };
}
