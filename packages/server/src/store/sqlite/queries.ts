/** What is read from a store file: state and log at start, records, dead letters, usage. */
import type { StoredDeadLetter } from '../log/log-device.ts';
import type { Page, PageRequest, UsageRow } from '../store.ts';
import type { LogDatabase } from './log-database.ts';
import { RowPacker } from './packed-rows.ts';
import type { Calls, PackedRows } from './protocol.ts';

type Row = Record<string, unknown>;

const NOTHING = new Uint8Array(0);

export function readStates({ statements }: LogDatabase, after: Calls['states']['ask']): PackedRows {
  const [kind, id, part] = after ?? [-1, -1, -1];
  const packer = new RowPacker();
  for (const row of statements.statesAfter.iterate(kind, id, part)) {
    packer.add([Number(row['kind']), Number(row['id']), Number(row['part'])], bytesOf(row['data']));
    if (packer.isFull) return packer.pack(false);
  }
  return packer.pack(true);
}

export function readSizes({ statements }: LogDatabase, after: number): PackedRows {
  const packer = new RowPacker();
  const rows = statements.sizesAfter.all(after);
  for (const row of rows) packer.add([Number(row['position']), Number(row['record_bytes'])], NOTHING);
  return packer.pack(rows.length === 0);
}

export function readHeads({ statements }: LogDatabase, from: number): PackedRows {
  const packer = new RowPacker();
  for (const row of statements.headsFrom.iterate(from)) {
    packer.add([Number(row['position'])], bytesOf(row['head']));
    if (packer.isFull) return packer.pack(false);
  }
  return packer.pack(true);
}

/** @param places positions and sizes, one after the other. */
export function readRecords({ records }: LogDatabase, places: Float64Array): PackedRows {
  const packer = new RowPacker();
  for (let index = 0; index < places.length; index += 2) {
    packer.add([], records.read(places[index] ?? 0, places[index + 1] ?? 0));
  }
  return packer.pack(true);
}

export function readDeadLetters(
  { statements }: LogDatabase,
  { after, limit, queueId }: PageRequest & { readonly queueId?: string },
): Page<StoredDeadLetter> {
  const from = Number(after ?? 0);
  const rows: Row[] =
    queueId === undefined
      ? statements.deadLetters.all(from, limit + 1)
      : statements.deadLettersOf.all(queueId, from, limit + 1);
  const items = rows.slice(0, limit);
  const next = rows.length > limit ? String(items.at(-1)?.['number']) : undefined;
  return { items: items.map(deadLetterOf), next };
}

export function readDeadLetter({ statements }: LogDatabase, id: string): StoredDeadLetter | undefined {
  const row = statements.deadLetter.get(id);
  return row === undefined ? undefined : deadLetterOf(row);
}

export function readUsage({ statements }: LogDatabase, request: Calls['usage']['ask']): Page<UsageRow> {
  const { after, limit, agentId, from, to } = request;
  const [hour = '-1', agent = ''] = after?.split(/ (.*)/s) ?? [];
  const rows: Row[] =
    agentId === undefined
      ? statements.usage.all(from, to, Number(hour), agent, limit + 1)
      : statements.usageOf.all(from, to, Number(hour), agent, agentId, limit + 1);
  const items = rows.slice(0, limit).map(usageOf);
  const last = items.at(-1);
  return { items, next: rows.length > limit && last !== undefined ? `${last.hour} ${last.agentId}` : undefined };
}

export function readLastSeen({ statements }: LogDatabase, agentId: string): number | undefined {
  const row = statements.lastSeen.get(agentId);
  return row === undefined ? undefined : Number(row['last_seen_at']);
}

function deadLetterOf(row: Row): StoredDeadLetter {
  const about = JSON.parse(String(row['about'])) as Omit<StoredDeadLetter, 'id' | 'queueId' | 'record'>;
  return { ...about, id: String(row['id']), queueId: String(row['queue_id']), record: bytesOf(row['record']) };
}

function usageOf(row: Row): UsageRow {
  return {
    agentId: String(row['agent_id']),
    hour: Number(row['hour']),
    connections: Number(row['connections']),
    onlineMs: Number(row['online_ms']),
    eventsIn: Number(row['events_in']),
    eventsOut: Number(row['events_out']),
    bytesIn: Number(row['bytes_in']),
    bytesOut: Number(row['bytes_out']),
    errors: Number(row['errors']),
  };
}

function bytesOf(value: unknown): Uint8Array {
  return value instanceof Uint8Array ? value : NOTHING;
}
