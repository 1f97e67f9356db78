/** Rows of the outbox: what a commit brings, what is empty in the others, and what a commit is for. */
import type { Intent } from './intent.ts';
import { jsonOf } from './json-column.ts';
import type { OutboxRow } from './tables.ts';

const NOTHING = new Uint8Array(0);

/** A commit on its way into the outbox. */
export type QueuedCommit = Omit<OutboxRow, 'order' | 'kind' | 'shown' | 'write' | 'content' | 'ttlMs' | 'attempts'>;

export const emptyRow = {
  shown: NOTHING,
  epoch: 0,
  write: 0,
  body: NOTHING,
  content: NOTHING,
  welcome: NOTHING,
  groupInfo: NOTHING,
  commitBlob: NOTHING,
  welcomeBlob: NOTHING,
  groupInfoBlob: NOTHING,
  added: '',
  removed: '',
  isExternal: 0,
  intent: '',
  ttlMs: 0,
  attempts: 0,
} as const;

export function intentOf({ intent }: OutboxRow): Intent {
  return jsonOf(intent) as Intent;
}
