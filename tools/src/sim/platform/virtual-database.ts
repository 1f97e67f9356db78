/** A database of a world, as the program of an agent's thread uses it: `DatabaseSync`, as far as it goes. */
import type { StatementSync } from 'node:sqlite';
import type { Process } from '../world/process.ts';
import type { DatabaseFile, VirtualFiles } from './virtual-files.ts';

/** Primary result codes (https://sqlite.org/rescode.html). */
const SQLITE_BUSY = 5;
const SQLITE_IOERR = 10;
const SQLITE_FULL = 13;

/** What is used of `DatabaseSync`. */
interface VirtualDatabase {
  readonly isTransaction: boolean;
  exec(sql: string): void;
  prepare(sql: string): StatementSync;
  close(): void;
}

/** @param process whose thread opens it. */
export function openVirtualDatabase(files: VirtualFiles, process: Process, path: string): VirtualDatabase {
  const file = files.open(path);
  refuseOthers(file, process);
  return {
    get isTransaction() {
      return file.database.isTransaction;
    },
    exec(sql) {
      refuseOthers(file, process);
      if (sql.includes('locking_mode = EXCLUSIVE')) lock(file, process);
      if (sql === 'COMMIT') {
        failAs(files, process);
        file.writes += 1;
      }
      file.database.exec(sql);
    },
    prepare(sql) {
      let statement = file.statements.get(sql);
      if (statement === undefined) file.statements.set(sql, (statement = file.database.prepare(sql)));
      return statement;
    },
    close() {
      if (file.owner === process) file.owner = undefined;
    },
  };
}

function refuseOthers({ owner }: DatabaseFile, process: Process): void {
  if (owner === undefined || owner === process || !owner.isAlive) return;
  throw sqlError('database is locked', SQLITE_BUSY);
}

/** The lock ends with its process. */
function lock(file: DatabaseFile, process: Process): void {
  file.owner = process;
}

function failAs(files: VirtualFiles, { name }: Process): void {
  const trouble = files.trouble(name);
  if (trouble === 'full') throw sqlError('database or disk is full', SQLITE_FULL);
  if (trouble === 'broken') throw sqlError('disk I/O error', SQLITE_IOERR);
}

function sqlError(message: string, errcode: number): Error {
  return Object.assign(new Error(message), { errcode });
}
