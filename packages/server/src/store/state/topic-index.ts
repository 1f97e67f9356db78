/**
 * TopicIndex: which queues a topic reaches (docs/protocols/delivery.md §2). Exact patterns are one map; patterns with
 * wildcards are a trie of levels, `*` for one level and `>` for the rest, at least one. Lean where it is large: a pattern
 * with one queue costs one map entry and nothing else.
 */

import { isReservedTopic } from '@sealane/shared/topics';

/** What the index holds: unique by pattern and holder. */
export interface IndexedQueue {
  readonly pattern: string;
  /** Whose queue it is, told apart from all others of the same pattern. */
  readonly holderKey: string;
}

/** Queues of one pattern: one, a few, or many by holder. */
type Bucket<Item> = Item | Item[] | Map<string, Item>;

interface Level<Item> {
  children: Map<string, Level<Item>> | undefined;
  star: Level<Item> | undefined;
  /** Queues whose pattern ends here. */
  end: Bucket<Item> | undefined;
  /** Queues whose pattern ends here with `>`. */
  rest: Bucket<Item> | undefined;
}

/** From this many queues on, a pattern keeps them by holder. */
const LIST_LENGTH_MAX = 8;

export class TopicIndex<Item extends IndexedQueue> {
  readonly #exact = new Map<string, Bucket<Item>>();
  readonly #root: Level<Item> = makeLevel();
  #wildcardCount = 0;

  find(pattern: string, holderKey: string): Item | undefined {
    return findIn(this.#bucketOf(pattern), holderKey);
  }

  /** Adds a queue that is not in it. */
  add(item: Item): void {
    const { pattern } = item;
    if (!isWild(pattern)) {
      this.#exact.set(pattern, addTo(this.#exact.get(pattern), item));
      return;
    }
    this.#wildcardCount += 1;
    const levels = pattern.split('.');
    const isRest = levels.at(-1) === '>';
    if (isRest) levels.pop();
    let at = this.#root;
    for (const level of levels) at = enter(at, level);
    if (isRest) at.rest = addTo(at.rest, item);
    else at.end = addTo(at.end, item);
  }

  /** Takes a queue out. */
  delete(item: Item): void {
    const { pattern } = item;
    if (isWild(pattern)) {
      this.#wildcardCount -= 1;
      deleteBelow(this.#root, pattern.split('.'), 0, item);
      return;
    }
    const left = removeFrom(this.#exact.get(pattern), item);
    if (left === undefined) this.#exact.delete(pattern);
    else this.#exact.set(pattern, left);
  }

  /** Appends every queue that the topic reaches to `found`, each once. */
  match(topic: string, found: Item[]): void {
    collect(this.#exact.get(topic), found);
    if (this.#wildcardCount === 0) return;
    const levels = topic.split('.');
    if (!isReservedTopic(topic)) {
      matchBelow(this.#root, levels, 0, found);
      return;
    }
    // No wildcard stands for the first level of a reserved topic.
    const child = this.#root.children?.get(levels[0] ?? '');
    if (child !== undefined) matchBelow(child, levels, 1, found);
  }

  #bucketOf(pattern: string): Bucket<Item> | undefined {
    if (!isWild(pattern)) return this.#exact.get(pattern);
    const levels = pattern.split('.');
    const isRest = levels.at(-1) === '>';
    if (isRest) levels.pop();
    let at: Level<Item> | undefined = this.#root;
    for (const level of levels) at = level === '*' ? at?.star : at?.children?.get(level);
    return isRest ? at?.rest : at?.end;
  }
}

function isWild(pattern: string): boolean {
  return pattern.includes('*') || pattern.endsWith('>');
}

function makeLevel<Item>(): Level<Item> {
  return { children: undefined, star: undefined, end: undefined, rest: undefined };
}

function enter<Item>(level: Level<Item>, name: string): Level<Item> {
  if (name === '*') return (level.star ??= makeLevel());
  level.children ??= new Map();
  let child = level.children.get(name);
  if (child === undefined) level.children.set(name, (child = makeLevel()));
  return child;
}

/** At most 16 levels deep, and at most two ways at each: bounded by the patterns there are. */
function matchBelow<Item>(level: Level<Item>, topic: readonly string[], depth: number, found: Item[]): void {
  if (depth === topic.length) {
    collect(level.end, found);
    return;
  }
  collect(level.rest, found);
  const child = level.children?.get(topic[depth] ?? '');
  if (child !== undefined) matchBelow(child, topic, depth + 1, found);
  if (level.star !== undefined) matchBelow(level.star, topic, depth + 1, found);
}

/** @returns whether the level is empty now. */
function deleteBelow<Item extends IndexedQueue>(
  level: Level<Item>,
  pattern: readonly string[],
  depth: number,
  item: Item,
): boolean {
  const name = pattern[depth];
  if (name === undefined) level.end = removeFrom(level.end, item);
  else if (name === '>') level.rest = removeFrom(level.rest, item);
  else if (name === '*') {
    if (level.star && deleteBelow(level.star, pattern, depth + 1, item)) level.star = undefined;
  } else {
    const child = level.children?.get(name);
    if (child && deleteBelow(child, pattern, depth + 1, item)) level.children?.delete(name);
    if (level.children?.size === 0) level.children = undefined;
  }
  return !level.end && !level.rest && !level.star && !level.children;
}

function addTo<Item extends IndexedQueue>(bucket: Bucket<Item> | undefined, item: Item): Bucket<Item> {
  if (bucket === undefined) return item;
  if (bucket instanceof Map) return bucket.set(item.holderKey, item);
  const list = Array.isArray(bucket) ? bucket : [bucket];
  list.push(item);
  return list.length <= LIST_LENGTH_MAX ? list : new Map(list.map((each) => [each.holderKey, each]));
}

function removeFrom<Item extends IndexedQueue>(bucket: Bucket<Item> | undefined, item: Item): Bucket<Item> | undefined {
  if (bucket instanceof Map) {
    // A start may find a queue that was deleted beside the one that was made in its place.
    if (bucket.get(item.holderKey) === item) bucket.delete(item.holderKey);
    return bucket.size === 0 ? undefined : bucket;
  }
  if (!Array.isArray(bucket)) return bucket === item ? undefined : bucket;
  const left = bucket.filter((each) => each !== item);
  return left.length > 1 ? left : left[0];
}

function findIn<Item extends IndexedQueue>(bucket: Bucket<Item> | undefined, holderKey: string): Item | undefined {
  if (bucket === undefined) return undefined;
  if (bucket instanceof Map) return bucket.get(holderKey);
  if (Array.isArray(bucket)) return bucket.find((each) => each.holderKey === holderKey);
  return bucket.holderKey === holderKey ? bucket : undefined;
}

function collect<Item>(bucket: Bucket<Item> | undefined, found: Item[]): void {
  if (bucket === undefined) return;
  if (bucket instanceof Map) for (const item of bucket.values()) found.push(item);
  else if (Array.isArray(bucket)) for (const item of bucket) found.push(item);
  else found.push(bucket);
}
