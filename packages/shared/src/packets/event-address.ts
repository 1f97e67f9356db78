/** Addresses, topics and patterns of events (docs/protocols/delivery.md §2). */
import { utf8Encode } from '../bytes/index.ts';
import { isAgentName } from '../documents/index.ts';
import { GROUP_BYTES_MAX, TOPIC_BYTES_MAX, TOPIC_LEVEL_BYTES_MAX, TOPIC_LEVELS_MAX } from './limits.ts';

/** Where an event goes. */
export type EventAddress =
  { readonly kind: 'agent'; readonly agentId: string } | { readonly kind: 'topic'; readonly topic: string };

/** One level: no dot, no wildcard, no space, nothing that does not print. */
const LEVEL = /^[^\p{C}\p{Z}.*>]+$/u;
const GROUP = /^[^\p{C}\p{Z}]+$/u;

/** @returns undefined for a text that is no address. */
export function parseEventAddress(to: string): EventAddress | undefined {
  if (to.startsWith('topic:')) {
    const topic = to.slice('topic:'.length);
    return isTopic(topic) ? { kind: 'topic', topic } : undefined;
  }
  const agentId = to.startsWith('agent:') ? to.slice('agent:'.length) : '';
  return isAgentName(agentId) ? { kind: 'agent', agentId } : undefined;
}

/** The agent of an address that is one. */
export function agentIdOf(to: string): string | undefined {
  return to.startsWith('agent:') ? to.slice('agent:'.length) : undefined;
}

/** What is wrong with an address; undefined where nothing is. */
export function checkEventAddress(to: string): 'E_BAD_TOPIC' | 'E_UNKNOWN_ADDRESS' | undefined {
  if (parseEventAddress(to) !== undefined) return undefined;
  return to.startsWith('topic:') ? 'E_BAD_TOPIC' : 'E_UNKNOWN_ADDRESS';
}

/** Whether events may be published to it. */
export function isTopic(text: string): boolean {
  return areLevels(text, isLevel);
}

/** Whether it may be subscribed: levels may be `*`, the last one `>`. */
export function isTopicPattern(text: string): boolean {
  return areLevels(text, (level, isLast) => level === '*' || (isLast && level === '>') || isLevel(level));
}

/** Whether a queue group may have this name. */
export function isGroupName(text: string): boolean {
  return GROUP.test(text) && utf8Encode(text).length <= GROUP_BYTES_MAX;
}

function areLevels(text: string, isAllowed: (level: string, isLast: boolean) => boolean): boolean {
  if (text.length > TOPIC_BYTES_MAX || utf8Encode(text).length > TOPIC_BYTES_MAX) return false;
  const levels = text.split('.', TOPIC_LEVELS_MAX + 1);
  if (levels.length > TOPIC_LEVELS_MAX) return false;
  return levels.every((level, index) => isAllowed(level, index === levels.length - 1));
}

function isLevel(level: string): boolean {
  return LEVEL.test(level) && utf8Encode(level).length <= TOPIC_LEVEL_BYTES_MAX;
}
