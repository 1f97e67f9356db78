/** What the parts of an open session share: where packets go, where events go, who this side is and what was agreed. */
import type { StreamRole } from '../streams/index.ts';
import type { PeerLimits } from '../wire/index.ts';
import type { EventQueue } from './event-queue.ts';
import type { Outbox } from './outbox.ts';

export interface SessionParts {
  readonly role: StreamRole;
  readonly outbox: Outbox;
  readonly events: EventQueue;
  /** What this side announced and what the peer announced. */
  readonly limits: { readonly ours: PeerLimits; readonly theirs: PeerLimits };
}
