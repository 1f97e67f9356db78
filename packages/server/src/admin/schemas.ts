/** What the admin API takes and gives: the schemas that validate, and that the OpenAPI document is made from. */
import * as z from 'zod/mini';
import { EVENT_ID_BYTES_MAX, UINT32_MAX } from '@sealane/shared/packets';
import { utf8Encode } from '@sealane/shared/bytes';

const PAGE_MAX = 1_000;
const PAGE_DEFAULT = 100;
const CURSOR_CHARACTERS_MAX = 512;
const ID_CHARACTERS_MAX = 512;
const REASON_CHARACTERS_MAX = 256;
const BAN_SECONDS_MAX = 10 * 366 * 86_400;
const PATH_CHARACTERS_MAX = 4_096;

const time = z.number();
const count = z.number();

/** A whole number in the query of a URL. */
function queryNumber(min: number, max: number) {
  return z.pipe(
    z.string().check(z.regex(/^\d{1,16}$/)),
    z.pipe(
      z.transform((text: string) => Number(text)),
      z.int().check(z.minimum(min), z.maximum(max)),
    ),
  );
}

/** Which page of a list. */
export const pageQuery = z.strictObject({
  after: z.optional(z.string().check(z.minLength(1), z.maxLength(CURSOR_CHARACTERS_MAX))),
  limit: z._default(queryNumber(1, PAGE_MAX), PAGE_DEFAULT),
});

/** `{items, next}`; `next` is null at the end. */
export function pageOf<Item extends z.ZodMiniType>(item: Item) {
  return z.object({ items: z.array(item), next: z.nullable(z.string()) });
}

export const idParams = z.strictObject({ id: z.string().check(z.minLength(1), z.maxLength(ID_CHARACTERS_MAX)) });

export const problem = z.object({
  type: z.string(),
  title: z.string(),
  status: z.number(),
  code: z.string(),
  detail: z.string(),
  next: z.string(),
});

export const newEvent = z.strictObject({
  to: z.string().check(z.minLength(1), z.maxLength(ID_CHARACTERS_MAX)),
  payload: z.unknown(),
  id: z.optional(
    z.string().check(
      z.minLength(1),
      z.maxLength(EVENT_ID_BYTES_MAX),
      z.refine((text) => utf8Encode(text).length <= EVENT_ID_BYTES_MAX, `expected at most ${EVENT_ID_BYTES_MAX} bytes`),
    ),
  ),
  ttlMs: z.optional(z.int().check(z.minimum(0))),
  delayMs: z.optional(z.int().check(z.minimum(0), z.maximum(UINT32_MAX))),
});

export const receipt = z.object({
  id: z.string(),
  sequence: z.number(),
  durability: z.enum(['durable', 'relaxed']),
});

export const queue = z.object({
  queue: z.string(),
  /** Null for the queue of a group. */
  agent: z.nullable(z.string()),
  waiting: count,
  waitingBytes: count,
  settledTo: z.number(),
  nextSequence: z.number(),
});

export const agent = z.object({
  id: z.string(),
  online: z.boolean(),
  banned: z.boolean(),
  /** Instances that are connected, to any node; of those of another one only the node is known here. */
  instances: z.array(
    z.object({
      instance: z.string(),
      node: z.nullable(z.string()),
      address: z.nullable(z.string()),
      connectedAt: z.nullable(time),
      suite: z.nullable(z.string()),
      build: z.nullable(z.string()),
    }),
  ),
  enrolledBy: z.nullable(z.string()),
  enrolledAt: z.nullable(time),
  lastSeenAt: z.nullable(time),
  node: z.nullable(z.string()),
  waiting: count,
});

export const kickBody = z.nullish(
  z.strictObject({ instance: z.optional(z.string().check(z.minLength(1), z.maxLength(64))) }),
);
export const nothing = z.undefined();
export const disconnected = z.object({ disconnected: count });

export const banTerms = z.nullish(
  z.strictObject({
    seconds: z.optional(z.int().check(z.minimum(1), z.maximum(BAN_SECONDS_MAX))),
    reason: z.optional(z.string().check(z.maxLength(REASON_CHARACTERS_MAX))),
  }),
);
export const ban = z.object({
  kind: z.enum(['agent', 'address']),
  name: z.string(),
  until: z.nullable(time),
  since: time,
  reason: z.string(),
});

export const deadLetter = z.object({
  id: z.string(),
  eventId: z.string(),
  subscription: z.string(),
  from: z.string(),
  to: z.string(),
  reason: z.string(),
  attempts: count,
  publishedAt: time,
  deadAt: time,
  contentType: z.nullable(z.string()),
  bodyBytes: count,
});

export const deadLetterWhole = z.extend(deadLetter, {
  history: z.array(z.object({ at: time, reason: z.string() })),
  /** The JSON or value that it holds, or its text; null for other bytes, which stand in `bodyBase64`. */
  payload: z.unknown(),
  bodyBase64: z.string(),
});

export const purgeQuery = z.strictObject({ all: z.literal('true') });
export const purged = z.object({ purged: count });
export const redriven = z.object({ redriven: z.boolean() });

export const usageQuery = z.strictObject({
  ...pageQuery.shape,
  from: z.optional(queryNumber(0, Number.MAX_SAFE_INTEGER)),
  to: z.optional(queryNumber(0, Number.MAX_SAFE_INTEGER)),
  agent: z.optional(z.string().check(z.minLength(1), z.maxLength(64))),
  period: z._default(z.enum(['hour', 'day']), 'hour'),
});

export const usageRow = z.object({
  agent: z.string(),
  /** Start of the hour or, in UTC, of the day. */
  from: time,
  connections: count,
  onlineMs: count,
  eventsIn: count,
  eventsOut: count,
  bytesIn: count,
  bytesOut: count,
  errors: count,
});

export const status = z.object({
  version: z.string(),
  fingerprint: z.string(),
  pid: z.number(),
  uptimeSeconds: z.number(),
  draining: z.boolean(),
  store: z.object({
    kind: z.string(),
    status: z.string(),
    reasons: z.array(z.string()),
    durability: z.enum(['durable', 'relaxed']),
    queues: count,
    waiting: count,
    deadLetters: count,
    bytes: count,
    freeDiskBytes: z.nullable(count),
  }),
  agents: z.object({ online: count, connections: count }),
  events: z.object({
    stored: count,
    duplicates: count,
    refused: count,
    delivered: count,
    redelivered: count,
    acked: count,
    deadLettered: count,
  }),
  bytesIn: count,
  bytesOut: count,
  /** What runs: one process, or several behind one port. */
  processes: z.array(
    z.object({
      process: z.number(),
      pid: z.nullable(z.number()),
      state: z.enum(['starting', 'serving', 'draining']),
      uptimeSeconds: z.number(),
      connections: count,
      restarts: count,
    }),
  ),
});

export const health = z.object({ status: z.enum(['ok', 'unavailable']), reasons: z.array(z.string()) });
export const accepted = z.object({ draining: z.boolean() });
export const backupBody = z.strictObject({
  path: z.string().check(z.minLength(1), z.maxLength(PATH_CHARACTERS_MAX), z.regex(/^\/[^\0]*$/)),
});
export const backedUp = z.object({ path: z.string() });
