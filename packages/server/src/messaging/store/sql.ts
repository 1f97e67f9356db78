/** Sql: the statements of an open messaging file, each prepared once. */
import type { DatabaseSync, StatementSync } from 'node:sqlite';

/** The statement of a text, with nothing bound. */
export type Sql = (text: string) => StatementSync;

/** Prepares each text once; texts are constants, so there are only so many. */
export function preparing(database: DatabaseSync): Sql {
  const prepared = new Map<string, StatementSync>();
  return (text) => {
    let statement = prepared.get(text);
    if (statement === undefined) prepared.set(text, (statement = database.prepare(text)));
    return statement;
  };
}
