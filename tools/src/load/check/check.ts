/**
 * Checker: compares what was published with what was delivered (docs/reliability.md). Every event with a receipt has to
 * have come to everybody who had subscribed its topic, once, in order, and nothing else.
 */
import { eventKey, eventOfKey, topicOfEvent } from '../event-body.ts';

/** What one agent published. */
export interface PublishedLog {
  readonly publisher: number;
  /** Position in the log of the server by counter - 1; 0 where there is no receipt. */
  readonly positions: Float64Array;
}

/** What came to one agent. */
export interface DeliveredLog {
  readonly reader: number;
  /** Number of the topic it subscribed before anything was published. */
  readonly topic: number;
  /** Keys of events in the order of their first delivery. */
  readonly keys: Float64Array;
  /** Sequences that were announced to come without an event. */
  readonly announced: number;
  /** Sequences that neither came nor were announced. */
  readonly gaps: number;
  /** Bodies that were damaged. */
  readonly damaged: number;
  /** Deliveries with an attempt above 1. */
  readonly repeated: number;
}

/** What was found, as counts. */
export interface Verdict {
  /** Nothing is wrong: everything down to `positionsRepeated` is 0. */
  readonly isClean: boolean;
  /** With a receipt, not delivered and not announced as skipped. */
  readonly lost: number;
  /** Delivered, never published (to this topic). */
  readonly phantom: number;
  /** The same event under more than one sequence. */
  readonly duplicates: number;
  /** First deliveries of one publisher in another order than its events were published. */
  readonly outOfOrder: number;
  readonly gaps: number;
  readonly damaged: number;
  /** Receipts that name the position of another event. */
  readonly positionsRepeated: number;
  /** Some of them, in words. */
  readonly examples: readonly string[];
  readonly published: number;
  /** Published, but without a receipt when the run ended: their fate is unknown. */
  readonly unanswered: number;
  readonly delivered: number;
  readonly announced: number;
  readonly repeated: number;
}

const EXAMPLES_MAX = 10;

/** Judges a run. @param topics how many there are. */
export function check(published: readonly PublishedLog[], delivered: readonly DeliveredLog[], topics: number): Verdict {
  const examples: string[] = [];
  const expected = expectedByTopic(published, topics);
  const lengths = new Map(published.map(({ publisher, positions }) => [publisher, positions.length]));
  const sums = { lost: 0, phantom: 0, duplicates: 0, outOfOrder: 0 };
  for (const log of delivered) {
    const found = checkReader(log, expected.get(log.topic) ?? new Float64Array(), (key) => {
      const event = eventOfKey(key);
      return event.counter <= (lengths.get(event.publisher) ?? 0) && topicOfEvent(event, topics) === log.topic;
    });
    sums.lost += found.lost;
    sums.phantom += found.phantom;
    sums.duplicates += found.duplicates;
    sums.outOfOrder += found.outOfOrder;
    for (const example of found.examples) if (examples.length < EXAMPLES_MAX) examples.push(example);
  }
  const gaps = sum(delivered, (log) => log.gaps);
  const damaged = sum(delivered, (log) => log.damaged);
  const positionsRepeated = repeatedPositions(published);
  const wrong = Object.values(sums).reduce((total, each) => total + each, gaps + damaged + positionsRepeated);
  return {
    isClean: wrong === 0,
    ...sums,
    gaps,
    damaged,
    positionsRepeated,
    examples,
    published: sum(published, ({ positions }) => positions.length),
    unanswered: sum(published, ({ positions }) => positions.filter((position) => position === 0).length),
    delivered: sum(delivered, ({ keys }) => keys.length),
    announced: sum(delivered, (log) => log.announced),
    repeated: sum(delivered, (log) => log.repeated),
  };
}

/** Sorted keys of the events with a receipt. */
function expectedByTopic(published: readonly PublishedLog[], topics: number): Map<number, Float64Array> {
  const keys = new Map<number, number[]>();
  for (const { publisher, positions } of published) {
    for (const [index, position] of positions.entries()) {
      if (position === 0) continue;
      const event = { publisher, counter: index + 1 };
      const topic = topicOfEvent(event, topics);
      const list = keys.get(topic);
      if (list === undefined) keys.set(topic, [eventKey(event)]);
      else list.push(eventKey(event));
    }
  }
  return new Map([...keys].map(([topic, list]) => [topic, Float64Array.from(list).sort()]));
}

function checkReader(
  { reader, keys, announced }: DeliveredLog,
  expected: Float64Array,
  isPublished: (key: number) => boolean,
): { lost: number; phantom: number; duplicates: number; outOfOrder: number; examples: string[] } {
  const examples: string[] = [];
  const seen = new Set<number>();
  const last = new Map<number, number>();
  const found = { phantom: 0, duplicates: 0, outOfOrder: 0 };
  for (const key of keys) {
    const { publisher, counter } = eventOfKey(key);
    const name = `event ${counter} of agent ${publisher}, at agent ${reader}`;
    if (seen.has(key)) {
      found.duplicates += 1;
      examples.push(`delivered twice: ${name}`);
    } else if (!isPublished(key)) {
      found.phantom += 1;
      examples.push(`never published: ${name}`);
    } else if (counter < (last.get(publisher) ?? 0)) {
      found.outOfOrder += 1;
      examples.push(`too late: ${name}`);
    } else last.set(publisher, counter);
    seen.add(key);
  }
  const missing = expected.filter((key) => !seen.has(key));
  const lost = Math.max(0, missing.length - announced);
  if (lost > 0) {
    const { publisher, counter } = eventOfKey(missing[0] ?? 0);
    examples.unshift(`lost: event ${counter} of agent ${publisher}, at agent ${reader}`);
  }
  return { ...found, lost, examples };
}

function repeatedPositions(published: readonly PublishedLog[]): number {
  const all = Float64Array.from(published.flatMap(({ positions }) => [...positions.filter((each) => each !== 0)]));
  all.sort();
  return all.filter((position, index) => index > 0 && position === all[index - 1]).length;
}

function sum<Item>(items: readonly Item[], valueOf: (item: Item) => number): number {
  return items.reduce((total, item) => total + valueOf(item), 0);
}
