/** The topic of a device's queue (docs/protocols/messaging.md §8): reserved, published to by the server only. */

/**
 * Agent ids may have dots, which would make levels, and empty ones; no id has a tilde.
 *
 * @example
 * messagesTopic('agent-1'); // '$messages.agent-1'
 */
export function messagesTopic(agentId: string): string {
  return `$messages.${agentId.replaceAll('.', '~')}`;
}
