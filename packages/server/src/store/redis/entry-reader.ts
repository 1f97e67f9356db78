/** Reads what the read script answers: runs of entries, skips and failures, put in order of their sequences. */
import { TOPIC_PREFIX } from './addresses.ts';
import { RECORD_BYTES, decodePayload, decodeRecord } from './event-codec.ts';
import type { RedisClock } from './redis-clock.ts';
import type { QueueEntry, QueueItem, QueueSkip } from '../store.ts';
import { skipReasonOf } from './skip-letters.ts';

/** What was read. `damaged` are sequences whose bytes are not what was written (S5). */
export interface ReadAnswer {
  readonly items: readonly QueueItem[];
  readonly damaged: readonly number[];
}

type Run = readonly Buffer[];
type ReadReply = readonly [readonly Run[], readonly Buffer[], readonly Buffer[], readonly number[]];

/** What was seen of entries before, by sequence. */
interface Seen {
  readonly failures: ReadonlyMap<number, number>;
  readonly repeated: ReadonlySet<number>;
}

export function decodeRead(reply: unknown, clock: RedisClock): ReadAnswer {
  const [runs, skips, failures, repeated] = reply as ReadReply;
  const seen: Seen = { failures: failureCounts(failures), repeated: new Set(repeated) };
  const items: QueueItem[] = [];
  const damaged: number[] = [];
  const waitingSkips = skips.map(decodeSkip);
  for (const run of runs) {
    for (const [sequence, entry] of entriesOf(run, seen, clock)) {
      while (waitingSkips[0] !== undefined && waitingSkips[0].from < sequence)
        items.push(waitingSkips.shift() as QueueSkip);
      if (entry !== undefined) items.push(entry);
      else {
        damaged.push(sequence);
        items.push({ kind: 'skip', from: sequence, to: sequence, reason: 'purged' });
      }
    }
  }
  items.push(...waitingSkips);
  return { items, damaged };
}

function* entriesOf(
  [first, base, records, payloads, ...bodies]: Run,
  { failures, repeated }: Seen,
  clock: RedisClock,
): Generator<readonly [sequence: number, entry: QueueEntry | undefined]> {
  if (first === undefined || base === undefined || records === undefined || payloads === undefined) return;
  const firstSequence = Number(first.toString());
  const position = Number(base.toString());
  let offset = 0;
  let nextBody = 0;
  for (let place = 0; place * RECORD_BYTES < records.length; place++) {
    if ((place + 1) * RECORD_BYTES > records.length) {
      yield [firstSequence + place, undefined];
      return;
    }
    const { payloadBytes, index, shared } = decodeRecord(records, place * RECORD_BYTES);
    const stored = decodePayload(
      payloads.subarray(offset, offset + payloadBytes),
      shared ? bodies[nextBody++] : undefined,
    );
    offset += payloadBytes;
    const sequence = firstSequence + place;
    if (stored === undefined) {
      yield [sequence, undefined];
      continue;
    }
    const { id, from, to, contentType, publishedAt, expiresAt, body } = stored;
    yield [
      sequence,
      {
        kind: 'event',
        sequence,
        eventSequence: position + index,
        id,
        from,
        topic: to.startsWith(TOPIC_PREFIX) ? to.slice(TOPIC_PREFIX.length) : undefined,
        contentType,
        body,
        publishedAt,
        expiresAt: clock.fromRedis(expiresAt),
        failures: failures.get(sequence) ?? 0,
        ...(repeated.has(sequence) && { isRepeated: true }),
      },
    ];
  }
}

function failureCounts(failures: readonly Buffer[]): ReadonlyMap<number, number> {
  const counts = new Map<number, number>();
  for (let index = 0; index + 1 < failures.length; index += 2) {
    counts.set(Number(failures[index]?.toString()), Number(failures[index + 1]?.toString()));
  }
  return counts;
}

function decodeSkip(text: Buffer): QueueSkip {
  const [from = '', to = '', reason = ''] = text.toString().split(':');
  return { kind: 'skip', from: Number(from), to: Number(to), reason: skipReasonOf(reason) };
}
