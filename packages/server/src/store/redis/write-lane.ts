/**
 * WriteLane: writes that nobody waits for, or only for their end: settlements, begins and ends of deliveries, leases given
 * up, usage. They outlast an outage: they are sent until they are done, in order.
 */
import { StorageError } from '@sealane/shared/errors';
import type { Lease, Settlement, UsageRow } from '../store.ts';
import { RedisFault } from './redis-fault.ts';
import { ScriptLane, type LaneBatch, type LaneOptions } from './script-lane.ts';
import { REASON_LETTERS } from './skip-letters.ts';
import { CALL_WAIT_MS, WRITES_MAX } from './times.ts';

export interface WriteLaneOptions extends Pick<LaneOptions, 'recover' | 'onFault'> {
  /** Sums of waiting entries and of dead letters; empty where they did not change. */
  readonly onSums: (waiting: string, deadLetters: string) => void;
  /** Sends `apply` with its batch number and its operations. */
  readonly send: (batchNumber: number, operations: readonly string[]) => Promise<string>;
}

/** Operations of one batch, each with up to some hundred settlements. */
const OPERATIONS_MAX = 256;
const ARGUMENTS_MAX = 4_096;
const DEPTH = 2;
const REASON_CHARACTERS_MAX = 256;
const DONE = 'o';
const HELD = 'h';

interface Operation {
  readonly args: readonly string[];
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

export class WriteLane {
  readonly #options: WriteLaneOptions;
  readonly #lane: ScriptLane;
  #waiting: Operation[] = [];
  #batchNumber = 0;
  #isScheduled = false;
  #isClosed = false;
  /** The newest operation that does nothing but come to its end. */
  #flush: { readonly args: readonly string[]; readonly done: Promise<void> } | undefined;

  constructor(options: WriteLaneOptions) {
    this.#options = options;
    const { recover, onFault } = options;
    this.#lane = new ScriptLane({ depth: DEPTH, form: () => this.#form(), recover, onFault });
  }

  get isIdle(): boolean {
    return this.#lane.isIdle && this.#waiting.length === 0;
  }

  settle(queueId: string, settlements: readonly Settlement[], lease: Lease): Promise<void> {
    const encoded = encodeSettlements(settlements);
    return this.#add(['S', queueId, lease.node, String(lease.epoch), ...encoded]);
  }

  beginDelivery(queueId: string, lease: Lease): void {
    this.#forget(this.#add(['B', queueId, lease.node, String(lease.epoch)]));
  }

  release(queueId: string, deliveredTo: number, held: readonly number[], lease: Lease): Promise<void> {
    return this.#release(queueId, lease, [String(deliveredTo), held.join(','), '']);
  }

  /** What a read of a group claimed is free again: its answer got lost, so its reader will never know. */
  releaseRead(queueId: string, readNumber: number, lease: Lease): Promise<void> {
    return this.#release(queueId, lease, ['0', '', String(readNumber)]);
  }

  releaseAgent(agentId: string, instance: string, lease: Lease, at: number): void {
    this.#forget(this.#add(['G', agentId, instance, lease.node, String(lease.epoch), String(at)]));
  }

  addUsage(rows: readonly UsageRow[]): void {
    for (const { hour, agentId, ...counts } of rows) {
      const { connections, onlineMs, eventsIn, eventsOut, bytesIn, bytesOut, errors } = counts;
      const numbers = [connections, onlineMs, eventsIn, eventsOut, bytesIn, bytesOut, errors];
      this.#forget(this.#add(['U', String(hour), agentId, ...numbers.map((each) => String(Math.round(each)))]));
    }
  }

  /** Waits, for a moment, until what was handed in is done: whoever reads then sees it. */
  async flushed(): Promise<void> {
    if (this.isIdle) return;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, CALL_WAIT_MS);
    });
    await Promise.race([this.#flushed(), late]).finally(() => {
      clearTimeout(timer);
    });
  }

  /** What waits fails, and nothing is sent any more. */
  close(): void {
    this.#isClosed = true;
    this.#lane.close();
    for (const { reject } of this.#waiting) reject(RedisFault.down());
    this.#waiting = [];
  }

  /** One operation for all who come while nothing else is handed in: an outage must not pile them up before writes. */
  #flushed(): Promise<void> {
    const last = this.#waiting.at(-1);
    if (last !== undefined && last.args === this.#flush?.args) return this.#flush.done;
    const args = ['N'];
    this.#flush = { args, done: this.#add(args) };
    return this.#flush.done;
  }

  #release(queueId: string, { node, epoch }: Lease, what: readonly string[]): Promise<void> {
    return this.#add(['R', queueId, node, String(epoch), ...what]);
  }

  #add(args: readonly string[]): Promise<void> {
    if (this.#isClosed) return Promise.reject(RedisFault.down());
    if (this.#waiting.length >= WRITES_MAX) return Promise.reject(RedisFault.slow());
    return new Promise((resolve, reject) => {
      this.#waiting.push({ args, resolve, reject });
      if (this.#isScheduled) return;
      this.#isScheduled = true;
      queueMicrotask(() => {
        this.#isScheduled = false;
        this.#lane.pump();
      });
    });
  }

  /** Nobody waits for it: what an outage does to it is in the health, and a lost lease needs no answer. */
  #forget(done: Promise<void>): void {
    done.catch(() => undefined);
  }

  #form(): LaneBatch | undefined {
    let count = 0;
    let size = 0;
    while (count < this.#waiting.length && count < OPERATIONS_MAX) {
      size += this.#waiting[count]?.args.length ?? 0;
      if (count > 0 && size > ARGUMENTS_MAX) break;
      count += 1;
    }
    if (count === 0) return undefined;
    const operations = this.#waiting.splice(0, count);
    this.#batchNumber += 1;
    const number = this.#batchNumber;
    const args = operations.flatMap((each) => each.args);
    return {
      number,
      isAbandoned: false,
      send: () => this.#options.send(number, args),
      done: (answer) => {
        const [letters = '', waiting = '', deadLetters = ''] = answer.split(' ');
        this.#options.onSums(waiting, deadLetters);
        for (const [index, operation] of operations.entries()) {
          const letter = letters[index];
          if (letter === DONE) operation.resolve();
          else operation.reject(letter === HELD ? heldElsewhere() : new StorageError('E_FENCED'));
        }
      },
      fail: (fault) => {
        for (const { reject } of operations) reject(fault);
      },
    };
  }
}

/** The reader looks again, and finds that it has it no more. */
function heldElsewhere(): StorageError {
  return new StorageError('E_STORE_UNAVAILABLE', 'Another node of the server holds this entry', { retryAfterMs: 0 });
}

/** Their number and then they; acks of sequences that follow each other become one. */
function encodeSettlements(settlements: readonly Settlement[]): readonly string[] {
  const args: string[] = [''];
  let count = 0;
  for (let index = 0; index < settlements.length; index++) {
    const first = settlements[index] as Settlement;
    count += 1;
    if (first.kind !== 'acked') {
      args.push(...encodeSettlement(first));
      continue;
    }
    let to = first.sequence;
    for (let next = settlements[index + 1]; next?.kind === 'acked' && next.sequence === to + 1;) {
      to += 1;
      index += 1;
      next = settlements[index + 1];
    }
    args.push('a', String(first.sequence), String(to));
  }
  args[0] = String(count);
  return args;
}

function encodeSettlement(settlement: Exclude<Settlement, { readonly kind: 'acked' }>): readonly string[] {
  switch (settlement.kind) {
    case 'skip-seen':
      return ['k', String(settlement.to)];
    case 'acked-to':
      return ['t', String(settlement.sequence)];
    case 'failed':
      return ['f', String(settlement.sequence), shortened(settlement.reason), String(settlement.at)];
    case 'dead':
      return ['x', String(settlement.sequence), shortened(settlement.reason), String(settlement.at)];
    case 'dropped':
      return ['o', String(settlement.sequence), REASON_LETTERS[settlement.reason]];
  }
}

function shortened(reason: string): string {
  return reason.slice(0, REASON_CHARACTERS_MAX).toWellFormed();
}
