/** Receipts: results of one batch as packets: events that were stored one after the other share one (docs/protocols/delivery.md §3). */
import { ERRORS } from '@sealane/shared/errors';
import type { PublishResult } from '../store/index.ts';
import type { DeliverySession } from './environment.ts';

/** Numbers of the wire. */
export const DURABILITY_NUMBER = { durable: 0, relaxed: 1 } as const;

/** An outbox that a connection has open, as far as receipts are concerned. */
export interface ReceiptTarget {
  readonly handle: number;
}

/** Sends the receipts of a batch, in its order; the three lists go together. */
export function sendReceipts(
  session: DeliverySession,
  batch: { readonly producers: readonly ReceiptTarget[]; readonly numbers: readonly number[] },
  results: readonly PublishResult[],
): void {
  for (let index = 0; index < results.length;) {
    const result = results[index];
    const producer = batch.producers[index];
    const number = batch.numbers[index];
    if (result === undefined || producer === undefined || number === undefined) return;
    if (result.status === 'refused') {
      sendRefusal(session, { producer: producer.handle, number }, result);
      index += 1;
      continue;
    }
    const start = index;
    do index += 1;
    while (followsOn(batch, results, start, index));
    const durability = DURABILITY_NUMBER[result.durability];
    session.sendReceipt(producer.handle, number, index - start, result.sequence, durability, 0, 0);
  }
}

/** Says that one event is not taken. */
export function sendRefusal(
  session: DeliverySession,
  event: { readonly producer: number; readonly number: number },
  { code, retryAfterMs }: { readonly code: keyof typeof ERRORS; readonly retryAfterMs: number },
): void {
  session.sendReceipt(event.producer, event.number, 1, 0, 0, ERRORS[code].number, retryAfterMs);
}

function followsOn(
  batch: { readonly producers: readonly ReceiptTarget[]; readonly numbers: readonly number[] },
  results: readonly PublishResult[],
  start: number,
  index: number,
): boolean {
  const first = results[start];
  const next = results[index];
  if (first === undefined || next === undefined || first.status === 'refused' || next.status === 'refused')
    return false;
  const distance = index - start;
  return (
    batch.producers[index] === batch.producers[start] &&
    batch.numbers[index] === (batch.numbers[start] ?? 0) + distance &&
    next.sequence === first.sequence + distance &&
    next.durability === first.durability
  );
}
