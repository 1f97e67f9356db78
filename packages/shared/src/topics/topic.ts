/**
 * Topics and patterns of topics (docs/protocols/delivery.md §2): what is one, and which topics a pattern matches.
 *
 * Every check is linear in what may be valid at all, whatever a peer sends: lengths are judged first.
 */
import { utf8Encode } from '../bytes/index.ts';
import { GROUP_BYTES_MAX, TOPIC_BYTES_MAX, TOPIC_LEVELS_MAX, TOPIC_LEVEL_BYTES_MAX } from '../packets/index.ts';

/** One level: no dot, no wildcard, no space, nothing that does not print. */
const LEVEL = /^[^\p{C}\p{Z}.*>]+$/u;
const GROUP = /^[^\p{C}\p{Z}]+$/u;

/** Whether events may be published to it: 1 to 16 levels of 1 to 64 bytes with dots between them, 256 bytes at most. */
export function isTopic(text: string): boolean {
  return areLevels(text, isLevel);
}

/** Whether it may be subscribed to: a topic in which whole levels may be `*`, and the last one `>`. */
export function isTopicPattern(text: string): boolean {
  return areLevels(text, (level, isLast) => level === '*' || (isLast && level === '>') || isLevel(level));
}

/**
 * Whether a topic or pattern is the server's own: its first level begins with `$`. Wildcards do not match such topics, agents
 * publish to none of them, and subscribe only to the queue of their messages (docs/protocols/messaging.md §8).
 */
export function isReservedTopic(text: string): boolean {
  return text.startsWith('$');
}

/** Whether a queue group may have this name: 1 to 64 bytes. */
export function isGroupName(text: string): boolean {
  return fits(text, GROUP_BYTES_MAX) && GROUP.test(text);
}

/**
 * Whether a pattern matches a topic, both of them valid: `*` stands for one level, `>` for the rest, one level at least. The
 * first level of a reserved topic is matched by no wildcard.
 *
 * @example
 * topicMatches('fleet.*.temperature', 'fleet.eu.temperature'); // true
 */
export function topicMatches(pattern: string, topic: string): boolean {
  const wanted = pattern.split('.');
  const levels = topic.split('.');
  if (isReservedTopic(topic) && (wanted[0] === '*' || wanted[0] === '>')) return false;
  const hasRest = wanted.at(-1) === '>';
  if (hasRest) wanted.pop();
  if (hasRest ? levels.length <= wanted.length : levels.length !== wanted.length) return false;
  return wanted.every((level, index) => level === '*' || level === levels[index]);
}

function areLevels(text: string, isAllowed: (level: string, isLast: boolean) => boolean): boolean {
  if (!fits(text, TOPIC_BYTES_MAX)) return false;
  const levels = text.split('.', TOPIC_LEVELS_MAX + 1);
  if (levels.length > TOPIC_LEVELS_MAX) return false;
  return levels.every((level, index) => isAllowed(level, index === levels.length - 1));
}

function isLevel(level: string): boolean {
  return LEVEL.test(level) && fits(level, TOPIC_LEVEL_BYTES_MAX);
}

/** A character has at least one byte for each of its UTF-16 units: most texts that are too long are seen at once. */
function fits(text: string, bytesMax: number): boolean {
  return text.length <= bytesMax && utf8Encode(text).length <= bytesMax;
}
