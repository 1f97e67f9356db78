/** Reads dead letters as the scripts answer them. */
import type { DeadLetter } from '../store.ts';
import { decodePayload } from './event-codec.ts';
import { queueIdOf, queueSpecOf, subscriptionText } from './queue-id.ts';

const FLAG_SHARED = '1';

/** Undefined when its bytes are damaged (S5). */
export function decodeDeadLetter(fields: readonly Buffer[]): DeadLetter | undefined {
  const [id, name, lineage, payload, body, reason, at, attempts, history, flags] = fields;
  if (payload === undefined || body === undefined) return undefined;
  const stored = decodePayload(payload, String(flags) === FLAG_SHARED ? body : undefined);
  if (stored === undefined) return undefined;
  return {
    id: String(id),
    eventId: stored.id,
    queueId: queueIdOf(String(name), String(lineage)),
    subscription: subscriptionText(queueSpecOf(String(name))),
    from: stored.from,
    to: stored.to,
    reason: String(reason),
    attempts: Number(String(attempts)),
    history: historyOf(String(history)),
    publishedAt: stored.publishedAt,
    deadAt: Number(String(at)),
    contentType: stored.contentType,
    body: stored.body,
  };
}

/** An empty list of Lua is an empty object of JSON; what is damaged counts as none, so that the letter can still be read. */
function historyOf(text: string): DeadLetter['history'] {
  try {
    const past: unknown = JSON.parse(text);
    return Array.isArray(past) ? past.filter(isFailure) : [];
  } catch {
    return [];
  }
}

function isFailure(entry: unknown): entry is DeadLetter['history'][number] {
  if (typeof entry !== 'object' || entry === null || !('at' in entry && 'reason' in entry)) return false;
  return typeof entry.at === 'number' && typeof entry.reason === 'string';
}
