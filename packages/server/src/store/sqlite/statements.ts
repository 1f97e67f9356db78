/** The statements of an open store file. */
import type { DatabaseSync, StatementSync } from 'node:sqlite';

const SQL = {
  addBatch: 'INSERT INTO log (position, record_bytes, live, head, records) VALUES (?, ?, NULL, ?, ?)',
  trimBatch: 'DELETE FROM log WHERE position = ?',
  saveState: 'INSERT OR REPLACE INTO state (kind, id, part, data) VALUES (?, ?, ?, ?)',
  removePart: 'DELETE FROM state WHERE kind = ? AND id = ? AND part = ?',
  removeParts: 'DELETE FROM state WHERE kind = ? AND id = ?',
  addDeadLetter: 'INSERT OR IGNORE INTO dead_letter (id, queue_id, about, record) VALUES (?, ?, ?, ?)',
  removeDeadLetter: 'DELETE FROM dead_letter WHERE id = ?',
  addUsage: `INSERT INTO usage VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (hour, agent_id) DO UPDATE SET
    connections = connections + excluded.connections, online_ms = online_ms + excluded.online_ms,
    events_in = events_in + excluded.events_in, events_out = events_out + excluded.events_out,
    bytes_in = bytes_in + excluded.bytes_in, bytes_out = bytes_out + excluded.bytes_out, errors = errors + excluded.errors`,
  dropUsage: 'DELETE FROM usage WHERE hour < ?',
  forgetUsage: 'DELETE FROM usage WHERE agent_id = ?',
  setLastSeen: 'INSERT OR REPLACE INTO agent (agent_id, last_seen_at) VALUES (?, ?)',
  forgetAgent: 'DELETE FROM agent WHERE agent_id = ?',
  batchAt: 'SELECT position, live, records FROM log WHERE position <= ? ORDER BY position DESC LIMIT 1',
  sizesAfter: 'SELECT position, record_bytes FROM log WHERE position > ? ORDER BY position LIMIT 20000',
  headsFrom: 'SELECT position, head FROM log WHERE position >= ? ORDER BY position',
  statesAfter: 'SELECT kind, id, part, data FROM state WHERE (kind, id, part) > (?, ?, ?) ORDER BY kind, id, part',
  addCompacted: "INSERT INTO log (position, record_bytes, live, head, records) VALUES (?, ?, ?, x'', ?)",
  countDeadLetters: 'SELECT count(*) AS count FROM dead_letter',
  deadLetter: 'SELECT * FROM dead_letter WHERE id = ?',
  deadLetters: 'SELECT * FROM dead_letter WHERE number > ? ORDER BY number LIMIT ?',
  deadLettersOf: 'SELECT * FROM dead_letter WHERE queue_id = ? AND number > ? ORDER BY number LIMIT ?',
  purgeDeadLetters: 'DELETE FROM dead_letter',
  usage: `SELECT * FROM usage WHERE hour >= ? AND hour < ? AND (hour, agent_id) > (?, ?)
    ORDER BY hour, agent_id LIMIT ?`,
  usageOf: `SELECT * FROM usage WHERE hour >= ? AND hour < ? AND (hour, agent_id) > (?, ?) AND agent_id = ?
    ORDER BY hour, agent_id LIMIT ?`,
  lastSeen: 'SELECT last_seen_at FROM agent WHERE agent_id = ?',
} as const;

export type Statements = Readonly<Record<keyof typeof SQL, StatementSync>>;

/** Prepares each at its first use: a start needs few of them. */
export function prepareStatements(database: DatabaseSync): Statements {
  const prepared = new Map<string, StatementSync>();
  const get = (name: keyof typeof SQL): StatementSync => {
    let statement = prepared.get(name);
    if (statement === undefined) prepared.set(name, (statement = database.prepare(SQL[name])));
    return statement;
  };
  const statements: Partial<Record<keyof typeof SQL, StatementSync>> = {};
  for (const name of Object.keys(SQL)) {
    Object.defineProperty(statements, name, { get: () => get(name as keyof typeof SQL) });
  }
  return statements as Statements;
}
