/** Publishing in the name of the server: what the library and the admin API do (docs/protocols/delivery.md §3). */
import { utf8Encode } from '@sealane/shared/bytes';
import { EVENT_BODY_BYTES_MAX, EVENT_ID_BYTES_MAX, UINT32_MAX } from '@sealane/shared/packets';
import { checkEventAddress, isReservedTopic, parseEventAddress } from '@sealane/shared/topics';
import type { Durability, NewEvent, PublishResult } from '../store/index.ts';
import { expiryOf } from './expiry.ts';
import type { PublisherHost } from './publisher.ts';

/** An event of the server. */
export interface ServerEvent {
  /** `agent:ID` or `topic:NAME`. */
  readonly to: string;
  readonly body: Uint8Array;
  readonly contentType: string | null;
  /** A repetition of it within 24 h is absorbed; without it the event gets a fresh one. */
  readonly id?: string | undefined;
  /** Default: as long as its queue keeps it. */
  readonly ttlMs?: number | undefined;
  readonly delayMs?: number | undefined;
  /** Default `durable`. */
  readonly durability?: Durability | undefined;
}

/** What became of it, with the id it has. */
export type ServerPublishResult = { readonly id: string } & (
  | PublishResult
  | { readonly status: 'refused'; readonly code: 'E_BAD_TOPIC' | 'E_EVENT_TOO_LARGE'; readonly retryAfterMs: 0 }
);

/** @throws RangeError for an id or a time outside its bounds. */
export async function publishFromServer(host: PublisherHost, event: ServerEvent): Promise<ServerPublishResult> {
  const { environment, counters } = host;
  checkBounds(event);
  const id = event.id ?? environment.newEventId();
  const result = refusalOf(event) ?? (await publishOne(host, newEvent(event, id, environment.wallClock())));
  if (result.status === 'refused') counters.refuse(result.code);
  else if (result.status === 'stored') counters.stored += 1;
  else counters.duplicates += 1;
  return { ...result, id };
}

async function publishOne(host: PublisherHost, event: NewEvent): Promise<PublishResult> {
  const { environment, store, counters, agentQueues, limits } = host;
  const startedAt = environment.now();
  const address = parseEventAddress(event.to);
  const agentId = address?.kind === 'agent' ? address.agentId : undefined;
  if (agentId !== undefined && !agentQueues.isOpen(agentId)) await agentQueues.open([agentId]);
  const [result] = await store.publish([event]);
  counters.publishSeconds.observe((environment.now() - startedAt) / 1_000);
  const isUnknown = result?.status === 'refused' && result.code === 'E_UNKNOWN_ADDRESS';
  if (result === undefined || (isUnknown && agentId !== undefined && agentQueues.reopen(agentId)))
    return { status: 'refused', code: 'E_STORE_UNAVAILABLE', retryAfterMs: limits.busyRetryMs };
  return result;
}

function refusalOf({ to, body }: ServerEvent) {
  if (body.length > EVENT_BODY_BYTES_MAX) return refused('E_EVENT_TOO_LARGE');
  const address = parseEventAddress(to);
  // What the server's own parts say to agents, nobody else says.
  if (address?.kind === 'topic' && isReservedTopic(address.topic)) return refused('E_BAD_TOPIC');
  const code = checkEventAddress(to);
  return code === undefined ? undefined : refused(code);
}

function refused<Code extends string>(code: Code) {
  return { status: 'refused', code, retryAfterMs: 0 } as const;
}

function newEvent(event: ServerEvent, id: string, publishedAt: number): NewEvent {
  const { to, body, contentType, ttlMs = 0, delayMs = 0, durability = 'durable' } = event;
  return {
    id,
    from: 'server',
    to,
    contentType,
    body,
    publishedAt,
    expiresAt: expiryOf(publishedAt, ttlMs),
    dueAt: delayMs === 0 ? 0 : publishedAt + delayMs,
    durability,
    dedup: { kind: event.id === undefined ? 'none' : 'id' },
  };
}

function checkBounds({ id, ttlMs = 0, delayMs = 0 }: ServerEvent): void {
  if (id !== undefined && (id === '' || utf8Encode(id).length > EVENT_ID_BYTES_MAX))
    throw new RangeError(`"id" expected 1 to ${EVENT_ID_BYTES_MAX} bytes`);
  if (!Number.isSafeInteger(ttlMs) || ttlMs < 0) throw new RangeError(`"ttlMs" expected milliseconds, got ${ttlMs}`);
  if (!Number.isSafeInteger(delayMs) || delayMs < 0 || delayMs > UINT32_MAX)
    throw new RangeError(`"delayMs" expected 0 to ${UINT32_MAX} ms, got ${delayMs}`);
}
