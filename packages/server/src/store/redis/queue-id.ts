/** Names of queues on Redis: made from what a queue is, so every node makes the same one. They hold no line break. */
import type { QueueSpec } from '../store.ts';

/** `a:AGENT`, `s:AGENT:PATTERN` or `g:GROUP:PATTERN`; an agent's name and the encoded group hold no colon. */
export function queueIdOf(spec: QueueSpec): string {
  switch (spec.kind) {
    case 'agent':
      return agentQueueId(spec.agentId);
    case 'subscription':
      return `s:${encodeURIComponent(spec.agentId)}:${spec.pattern}`;
    case 'group':
      return `g:${encodeURIComponent(spec.group)}:${spec.pattern}`;
  }
}

export function agentQueueId(agentId: string): string {
  return `a:${encodeURIComponent(agentId)}`;
}

/** What a queue is, from its name. */
export function queueSpecOf(queueId: string): QueueSpec {
  const [kind = '', owner = '', ...pattern] = queueId.split(':');
  const name = decodeURIComponent(owner);
  if (kind === 'a') return { kind: 'agent', agentId: name };
  if (kind === 's') return { kind: 'subscription', agentId: name, pattern: pattern.join(':') };
  return { kind: 'group', group: name, pattern: pattern.join(':') };
}

/** The queue in words, as dead letters tell it. */
export function subscriptionText(spec: QueueSpec): string {
  if (spec.kind === 'agent') return `agent:${spec.agentId}`;
  return spec.kind === 'subscription' ? `${spec.agentId} ${spec.pattern}` : `group ${spec.group} ${spec.pattern}`;
}
