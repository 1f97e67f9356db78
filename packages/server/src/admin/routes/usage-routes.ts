/** `/v1/usage`: what agents did, by hour or, added up, by day. */
import type { UsageRow } from '../../store/index.ts';
import type { AdminHost } from '../admin-host.ts';
import { operator, responses, secured, type AdminApp } from '../admin-route.ts';
import { Problem } from '../problem.ts';
import * as schemas from '../schemas.ts';

const DAY_MS = 86_400_000;
const STORE_PAGE = 1_000;
/** Hours that are added up for one answer; more have to be asked for in parts. */
const HOURS_MAX = 200_000;

export function usageRoutes(app: AdminApp, { server, wallClock }: AdminHost): void {
  const schema = {
    ...secured,
    summary: 'Usage of agents. Times are Unix milliseconds; by default the last 24 hours.',
    querystring: schemas.usageQuery,
    response: responses({ 200: schemas.pageOf(schemas.usageRow) }),
  };
  app.get('/v1/usage', { config: operator, schema }, async ({ query }) => {
    server.delivery.flushUsage();
    const { after, limit, agent, period, from, to = wallClock() + 1 } = query;
    const asked = { from: from ?? to - DAY_MS, to, ...(agent !== undefined && { agentId: agent }) };
    const { store } = server.delivery;
    if (period === 'hour') {
      const { items, next } = await store.usage({ ...asked, after, limit });
      return { items: items.map(rowOf), next: next ?? null };
    }
    const days = await daysOf((cursor) => store.usage({ ...asked, after: cursor, limit: STORE_PAGE }));
    const left = days.filter((row) => after === undefined || cursorOf(row) > after);
    const items = left.slice(0, limit);
    const last = items.at(-1);
    return { items, next: left.length > limit && last !== undefined ? cursorOf(last) : null };
  });
}

type DayRow = ReturnType<typeof rowOf>;

async function daysOf(
  read: (
    after: string | undefined,
  ) => Promise<{ readonly items: readonly UsageRow[]; readonly next: string | undefined }>,
): Promise<readonly DayRow[]> {
  const days = new Map<string, DayRow>();
  let after: string | undefined;
  let hours = 0;
  do {
    const page = await read(after);
    hours += page.items.length;
    if (hours > HOURS_MAX)
      throw new Problem('E_BAD_REQUEST', {
        detail: 'Ask for a shorter time, or for one agent: these are too many hours.',
      });
    for (const row of page.items) {
      const day = { ...rowOf(row), from: Math.floor(row.hour / DAY_MS) * DAY_MS };
      const sum = days.get(cursorOf(day));
      days.set(cursorOf(day), sum === undefined ? day : added(sum, day));
    }
    after = page.next;
  } while (after !== undefined);
  return [...days.values()].sort((left, right) => (cursorOf(left) < cursorOf(right) ? -1 : 1));
}

function rowOf({ agentId, hour, connections, onlineMs, eventsIn, eventsOut, bytesIn, bytesOut, errors }: UsageRow) {
  return { agent: agentId, from: hour, connections, onlineMs, eventsIn, eventsOut, bytesIn, bytesOut, errors };
}

function added(left: DayRow, right: DayRow): DayRow {
  return {
    agent: left.agent,
    from: left.from,
    connections: left.connections + right.connections,
    onlineMs: left.onlineMs + right.onlineMs,
    eventsIn: left.eventsIn + right.eventsIn,
    eventsOut: left.eventsOut + right.eventsOut,
    bytesIn: left.bytesIn + right.bytesIn,
    bytesOut: left.bytesOut + right.bytesOut,
    errors: left.errors + right.errors,
  };
}

function cursorOf({ agent, from }: DayRow): string {
  return `${String(from).padStart(16, '0')} ${agent}`;
}
