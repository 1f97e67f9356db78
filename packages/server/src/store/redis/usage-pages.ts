/** Pages of usage: a hash an hour, by agent. Rows come by hour and agent; the mark of a page is `hour agentId`. */
import type { Page, PageRequest, UsageRow } from '../store.ts';
import type { RedisLink } from './redis-link.ts';

export interface UsageQuery extends PageRequest {
  readonly agentId?: string;
  readonly from: number;
  readonly to: number;
}

export async function readUsage(link: RedisLink, prefix: string, query: UsageQuery): Promise<Page<UsageRow>> {
  const [afterHour = -Infinity, afterAgent = ''] = parseMark(query.after);
  const least = Math.max(query.from, afterHour);
  const hours = (await link.command(['ZRANGEBYSCORE', `${prefix}hours`, String(least), `(${query.to}`])) as string[];
  const items: UsageRow[] = [];
  for (const hour of hours) {
    const rows = await readHour(link, `${prefix}usage:${hour}`, query.agentId);
    for (const [agentId, counts] of rows.sort(([a], [b]) => (a < b ? -1 : 1))) {
      if (Number(hour) === afterHour && agentId <= afterAgent) continue;
      if (items.length === query.limit) return { items, next: markOf(items.at(-1)) };
      items.push(rowOf(agentId, Number(hour), counts));
    }
  }
  return { items, next: undefined };
}

async function readHour(link: RedisLink, key: string, agentId: string | undefined): Promise<[string, string][]> {
  if (agentId === undefined) {
    return Object.entries((await link.command(['HGETALL', key])) as Readonly<Record<string, string>>);
  }
  const counts = (await link.command(['HGET', key, agentId])) as string | null;
  return counts === null ? [] : [[agentId, counts]];
}

function rowOf(agentId: string, hour: number, counts: string): UsageRow {
  const [connections = 0, onlineMs = 0, eventsIn = 0, eventsOut = 0, bytesIn = 0, bytesOut = 0, errors = 0] = counts
    .split(',')
    .map(Number);
  return { agentId, hour, connections, onlineMs, eventsIn, eventsOut, bytesIn, bytesOut, errors };
}

function parseMark(mark: string | undefined): readonly [number?, string?] {
  const space = mark?.indexOf(' ') ?? -1;
  return mark === undefined || space < 0 ? [] : [Number(mark.slice(0, space)), mark.slice(space + 1)];
}

function markOf(row: UsageRow | undefined): string | undefined {
  return row && `${row.hour} ${row.agentId}`;
}
