/** The answer of `GET /v1/status` for people. */
import * as z from 'zod/mini';
import { showBytes, showSeconds } from '@sealane/node/cli';
import { escapeText } from '@sealane/shared/bytes';

const statusSchema = z.object({
  version: z.string(),
  fingerprint: z.string(),
  pid: z.number(),
  uptimeSeconds: z.number(),
  draining: z.boolean(),
  bytesIn: z.number(),
  bytesOut: z.number(),
  store: z.object({
    kind: z.string(),
    status: z.string(),
    reasons: z.array(z.string()),
    durability: z.string(),
    queues: z.number(),
    waiting: z.number(),
    deadLetters: z.number(),
    bytes: z.number(),
    freeDiskBytes: z.nullable(z.number()),
  }),
  agents: z.object({ online: z.number(), connections: z.number() }),
  events: z.record(z.string(), z.number()),
  processes: z.array(
    z.object({
      process: z.number(),
      pid: z.nullable(z.number()),
      state: z.string(),
      uptimeSeconds: z.number(),
      connections: z.number(),
      restarts: z.number(),
    }),
  ),
});

export type ServerStatus = z.infer<typeof statusSchema>;
type ShownProcess = ServerStatus['processes'][number];

/** Words for counts whose names are none. */
const EVENT_WORDS: Readonly<Record<string, string>> = { deadLettered: 'given up' };

/** @throws ZodError for an answer of another form. */
export function parseStatus(body: unknown): ServerStatus {
  return statusSchema.parse(body);
}

export function statusLines(body: unknown): readonly string[] {
  const { version, fingerprint, pid, uptimeSeconds, draining, store, agents, events, ...rest } = parseStatus(body);
  const { bytesIn, bytesOut, processes } = rest;
  const reasons = store.reasons.length === 0 ? '' : ` (${store.reasons.join(', ')})`;
  const free = store.freeDiskBytes === null ? '' : `, ${showBytes(store.freeDiskBytes)} free`;
  return [
    `server   ${version}, process ${pid}, up ${showSeconds(uptimeSeconds)}${draining ? ', draining' : ''}`,
    `         ${fingerprint}`,
    `store    ${store.kind}, ${store.status}${reasons}, ${store.durability}, ${showBytes(store.bytes)}${free}`,
    `queues   ${store.queues} with ${counted(store.waiting, 'event')}, ${counted(store.deadLetters, 'dead letter')}`,
    `agents   ${agents.online} online, ${counted(agents.connections, 'connection')}`,
    `events   ${Object.entries(events)
      .map(([name, count]) => `${count} ${EVENT_WORDS[name] ?? name}`)
      .join(', ')}`,
    `traffic  ${showBytes(bytesIn)} in, ${showBytes(bytesOut)} out`,
    ...(processes.length > 1 ? processes.map(processLine) : []),
  ].map(escapeText);
}

function processLine({ process, pid, state, uptimeSeconds, connections, restarts }: ShownProcess): string {
  const again = restarts === 0 ? '' : `, started again ${counted(restarts, 'time')}`;
  if (pid === null) return `part ${String(process).padEnd(4)}${state}${again}`;
  return `part ${String(process).padEnd(4)}process ${pid}, ${state}, up ${showSeconds(uptimeSeconds)}, ${counted(connections, 'connection')}${again}`;
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}
