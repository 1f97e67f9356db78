/** restoreBackup: the way back from what `backup` of a SqliteStore made. */
import { copyFileSync, existsSync, rmSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { explainFault } from './explain-fault.ts';
import { faultOf, StoreFault } from './fault.ts';
import { checkHeader, moveInPlace } from './open-file.ts';
import { newLineage, readMeta, writeMeta } from './store-meta.ts';

/**
 * Puts a backup in the place of a store. The restored store has another lineage: sequences of before mean nothing in
 * it, and agents that come with a cursor of before get everything that waits (docs/protocols/delivery.md §4).
 *
 * @param source a backup, as `backup` made it; or the file of a store that is not in use, with its write-ahead log beside it.
 * @param destination where the store is to be; nothing may be there.
 * @throws ConfigError `E_DATA` when the backup cannot be used, StorageError when something is in the way.
 */
export function restoreBackup(source: string, destination: string): void {
  const temporary = `${destination}.restored`;
  try {
    for (const file of [destination, `${destination}-wal`]) {
      if (existsSync(file)) throw new StoreFault('exists', `${file} is there already: move it away first`);
    }
    if (!existsSync(source)) throw new StoreFault('missing', `${source} is not there`);
    checkHeader(source);
    copyFileSync(source, temporary);
    if (existsSync(`${source}-wal`)) copyFileSync(`${source}-wal`, `${temporary}-wal`);
    giveNewLineage(temporary);
    moveInPlace(temporary, destination);
  } catch (error) {
    const { kind, message } = faultOf(error);
    throw explainFault(new StoreFault(kind, message), { file: source, holder: undefined });
  } finally {
    for (const end of ['', '-wal', '-shm']) rmSync(`${temporary}${end}`, { force: true });
  }
}

function giveNewLineage(file: string): void {
  const database = new DatabaseSync(file);
  try {
    const [{ quick_check: verdict } = {}] = database.prepare('PRAGMA quick_check(1)').all();
    if (verdict !== 'ok') throw new StoreFault('damaged', String(verdict));
    writeMeta(database, { ...readMeta(database), lineage: newLineage() });
  } finally {
    database.close();
  }
}
