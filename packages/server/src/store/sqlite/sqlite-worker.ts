/**
 * The worker of a SQLite store: the one thread that touches the file. It does what it is asked, in order; a backup goes on
 * between requests. It imports nothing but built-ins and files beside it, so that it runs from source and as one script.
 */
import { parentPort, type Transferable } from 'node:worker_threads';
import type { LogBatch } from '../log/log-device.ts';
import { BackupCopy } from './backup-copy.ts';
import { faultOf, StoreFault } from './fault.ts';
import { LogDatabase } from './log-database.ts';
import type { CallName, Calls, CommitReply, PackedRows, Reply, Request } from './protocol.ts';
import {
  readDeadLetter,
  readDeadLetters,
  readHeads,
  readLastSeen,
  readRecords,
  readSizes,
  readStates,
  readUsage,
} from './queries.ts';

type Answer<Name extends CallName> = Calls[Name]['answer'];
type Handlers = { readonly [Name in CallName]: (ask: Calls[Name]['ask'], id: number) => Answer<Name> | typeof LATER };

/** The answer comes by itself. */
const LATER = Symbol('later');

let open: LogDatabase | undefined;
let backup: { readonly copy: BackupCopy; readonly id: number } | undefined;

const handlers: Handlers = {
  open({ file }) {
    open = new LogDatabase(file);
    return open.opened;
  },
  commit: (commit) => database().commit(commit),
  retry: (number) => database().retry(number),
  states: (after) => readStates(database(), after),
  sizes: (after) => readSizes(database(), after),
  heads: (from) => readHeads(database(), from),
  records: (places) => readRecords(database(), places),
  compact: (compactions) => database().compact(compactions),
  freeDiskBytes: () => database().freeDiskBytes(),
  deadLetters: (request) => readDeadLetters(database(), request),
  deadLetter: (id) => readDeadLetter(database(), id),
  purge: (ids) => database().purge(ids),
  usage: (request) => readUsage(database(), request),
  lastSeen: (agentId) => readLastSeen(database(), agentId),
  backup(destination, id) {
    if (backup !== undefined) throw new StoreFault('exists', 'a backup is under way already');
    backup = { copy: new BackupCopy(database(), destination), id };
    setImmediate(stepBackup);
    return LATER;
  },
  close() {
    backup?.copy.abandon();
    backup = undefined;
    open?.close();
    open = undefined;
    return undefined;
  },
};

parentPort?.on('message', ({ id, name, ask }: Request) => {
  try {
    const handler = handlers[name] as (ask: unknown, id: number) => unknown;
    const answer = handler(ask, id);
    if (answer !== LATER) reply({ id, answer }, transfersOf(name, answer));
  } catch (error) {
    reply({ id, fault: faultOf(error) });
  }
  checkpointIfDue();
});

function database(): LogDatabase {
  if (open === undefined) throw new StoreFault('failed', 'the store file is not open');
  return open;
}

/** After the answer, so that nobody waits for it who need not. */
function checkpointIfDue(): void {
  if (open?.isCheckpointDue !== true) return;
  try {
    open.checkpoint();
  } catch (error) {
    reply({ id: 0, fault: faultOf(error) });
  }
}

function stepBackup(): void {
  if (backup === undefined) return;
  const { copy, id } = backup;
  try {
    if (!copy.step()) {
      setImmediate(stepBackup);
      return;
    }
    reply({ id });
  } catch (error) {
    reply({ id, fault: faultOf(error) });
  }
  backup = undefined;
}

function reply(message: Reply, transfers: Transferable[] = []): void {
  parentPort?.postMessage(message, transfers);
}

function transfersOf(name: CallName, answer: unknown): Transferable[] {
  if (name === 'commit' || name === 'retry') {
    return (answer as CommitReply).batches.flatMap(({ head, records }: LogBatch) => [head.buffer, records.buffer]);
  }
  if (name === 'states' || name === 'sizes' || name === 'heads' || name === 'records') {
    const { numbers, lengths, bytes } = answer as PackedRows;
    return [numbers.buffer, lengths.buffer, bytes.buffer];
  }
  return [];
}
