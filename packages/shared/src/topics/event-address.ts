/** Addresses of events: `agent:ID` and `topic:NAME` (docs/protocols/delivery.md §2). */
import { isAgentName } from '../documents/index.ts';
import { EVENT_ADDRESS_BYTES_MAX } from '../packets/index.ts';
import { isTopic } from './topic.ts';

/** Where an event goes. */
export type EventAddress =
  | { readonly kind: 'agent'; readonly agentId: string }
  | { readonly kind: 'topic'; readonly topic: string };

const AGENT_PREFIX = 'agent:';
const TOPIC_PREFIX = 'topic:';

/** Reads `agent:ID` or `topic:NAME`; patterns are no addresses. @returns undefined for a text that is no address. */
export function parseEventAddress(to: string): EventAddress | undefined {
  if (to.length > EVENT_ADDRESS_BYTES_MAX) return undefined;
  if (to.startsWith(TOPIC_PREFIX)) {
    const topic = to.slice(TOPIC_PREFIX.length);
    return isTopic(topic) ? { kind: 'topic', topic } : undefined;
  }
  const agentId = to.startsWith(AGENT_PREFIX) ? to.slice(AGENT_PREFIX.length) : '';
  return isAgentName(agentId) ? { kind: 'agent', agentId } : undefined;
}

/** What is wrong with an address; undefined where nothing is. */
export function checkEventAddress(to: string): 'E_BAD_TOPIC' | 'E_UNKNOWN_ADDRESS' | undefined {
  if (parseEventAddress(to) !== undefined) return undefined;
  return to.startsWith(TOPIC_PREFIX) ? 'E_BAD_TOPIC' : 'E_UNKNOWN_ADDRESS';
}
