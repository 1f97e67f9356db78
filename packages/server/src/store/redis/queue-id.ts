/**
 * Names and ids of queues on Redis. A name is made from what a queue is, so every node makes the same one; an id is the name
 * and the beginning of the lineage, so a queue that was deleted and made anew has another. They hold no line break.
 */
import type { QueueSpec } from '../store.ts';

/** Begins the names of queues of groups. */
export const GROUP_PREFIX = 'g:';

/** `a:AGENT`, `s:AGENT:PATTERN` or `g:GROUP:PATTERN`; an agent's name and the encoded group hold no colon. */
export function queueNameOf(spec: QueueSpec): string {
  switch (spec.kind) {
    case 'agent':
      return agentQueueName(spec.agentId);
    case 'subscription':
      return `s:${encodeURIComponent(spec.agentId)}:${spec.pattern}`;
    case 'group':
      return `${GROUP_PREFIX}${encodeURIComponent(spec.group)}:${spec.pattern}`;
  }
}

export function agentQueueName(agentId: string): string {
  return `a:${encodeURIComponent(agentId)}`;
}

/** What a queue is, from its name. */
export function queueSpecOf(name: string): QueueSpec {
  const [kind = '', owner = '', ...pattern] = name.split(':');
  const ownerName = decoded(owner);
  if (kind === 'a') return { kind: 'agent', agentId: ownerName };
  if (kind === 's') return { kind: 'subscription', agentId: ownerName, pattern: pattern.join(':') };
  return { kind: 'group', group: ownerName, pattern: pattern.join(':') };
}

/** What another program wrote, or a disk damaged, stays as it is: such a queue is shown and can be deleted. */
function decoded(owner: string): string {
  try {
    return decodeURIComponent(owner);
  } catch {
    return owner;
  }
}

/** The queue in words, as dead letters tell it. */
export function subscriptionText(spec: QueueSpec): string {
  if (spec.kind === 'agent') return `agent:${spec.agentId}`;
  return spec.kind === 'subscription' ? `${spec.agentId} ${spec.pattern}` : `group ${spec.group} ${spec.pattern}`;
}

const MARK_CHARACTERS = 8;

/** @param lineage hex, as Redis holds it. */
export function queueIdOf(name: string, lineage: string): string {
  return `${name}#${lineage.slice(0, MARK_CHARACTERS)}`;
}

export function nameOfQueue(queueId: string): string {
  return queueId.slice(0, -MARK_CHARACTERS - 1);
}
