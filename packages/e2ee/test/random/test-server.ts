/** What the engine needs of a server: the first commit of an epoch wins, and everything goes to queues of devices. */
import type { PendingCommit } from '../../src/engine/index.ts';

export type Item =
  | { readonly kind: 'welcome'; readonly bytes: Uint8Array }
  | { readonly kind: 'commit'; readonly epoch: number; readonly bytes: Uint8Array }
  | { readonly kind: 'message'; readonly epoch: number; readonly bytes: Uint8Array; readonly text: string };

export class TestServer {
  epoch = 0;
  groupInfo: Uint8Array | undefined;
  readonly queues = new Map<string, Item[]>();
  /** Agent ids. */
  readonly members = new Set<string>();

  queueOf(agentId: string): Item[] {
    const queue = this.queues.get(agentId) ?? [];
    this.queues.set(agentId, queue);
    return queue;
  }

  /** Whether the commit was the first for its epoch. */
  take(pending: PendingCommit, from: string): boolean {
    if (pending.epoch !== this.epoch) return false;
    this.epoch += 1;
    this.groupInfo = pending.groupInfo;
    for (const member of this.members) {
      if (member !== from) this.queueOf(member).push({ kind: 'commit', epoch: pending.epoch, bytes: pending.commit });
    }
    for (const agentId of pending.removed) this.members.delete(agentId);
    for (const agentId of pending.added) {
      this.members.add(agentId);
      if (pending.welcome !== undefined) this.queueOf(agentId).push({ kind: 'welcome', bytes: pending.welcome });
    }
    this.members.add(from);
    return true;
  }

  send(bytes: Uint8Array, epoch: number, text: string, from: string): void {
    for (const member of this.members) {
      if (member !== from) this.queueOf(member).push({ kind: 'message', epoch, bytes, text });
    }
  }
}
