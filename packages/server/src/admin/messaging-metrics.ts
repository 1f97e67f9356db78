/** Metrics of messaging; none where the server has none. No account is a label (fault O4). */
import type { Messaging } from '../messaging/index.ts';
import { byName, one, type MessagingFigures, type MetricDefinition, type Samples } from './metric-definition.ts';

/** Looks at messaging once. */
export async function messagingFigures(messaging: Messaging | undefined): Promise<MessagingFigures | undefined> {
  if (messaging === undefined) return undefined;
  const accounts = await messaging.countAccounts().catch(() => undefined);
  const { counters, hashQueueLength } = messaging;
  return { counters, hashQueueLength, accounts };
}

const read =
  (samples: (figures: MessagingFigures) => Samples): MetricDefinition['read'] =>
  ({ messaging }) =>
    messaging === undefined ? [] : samples(messaging);

export const MESSAGING_COUNTERS: readonly MetricDefinition[] = [
  {
    name: 'messaging_calls_total',
    help: 'Calls of messaging, without those that a device may not make.',
    read: read(({ counters }) => one(counters.calls)),
  },
  {
    name: 'messages_stored_total',
    help: 'Sealed messages that were stored, once each.',
    read: read(({ counters }) => one(counters.messagesStored)),
  },
  {
    name: 'commits_stored_total',
    help: 'Commits of groups that were stored.',
    read: read(({ counters }) => one(counters.commitsStored)),
  },
  {
    name: 'auth_attempts_total',
    help: 'Attempts to log in to an account, by what became of them: busy and limited were not looked at.',
    label: 'result',
    read: read(({ counters }) => byName(counters.logins)),
  },
];

export const MESSAGING_GAUGES: readonly MetricDefinition[] = [
  {
    name: 'argon2_queue_length',
    help: 'Passwords that wait to be hashed.',
    read: read(({ hashQueueLength }) => one(hashQueueLength)),
  },
  {
    name: 'messaging_accounts',
    help: 'Accounts that have not ended.',
    together: 'max',
    read: read(({ accounts }) => (accounts === undefined ? [] : one(accounts))),
  },
];
