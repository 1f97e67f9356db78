/** Verifies the audit log of a data directory: every line follows on the one before it, through all files. */
import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { StorageError } from '@sealane/shared/errors';
import { auditFilesIn } from './audit-files.ts';
import { CHAIN_START, auditLineFault, readChainEnd, type ChainEnd } from './audit-record.ts';

/** What was found. */
export interface AuditVerdict {
  readonly files: number;
  readonly lines: number;
  /** Number and hash of the last good line: whoever wrote them down before sees whether lines were cut off. */
  readonly last: ChainEnd;
  /** The first line that does not fit. */
  readonly broken: { readonly file: string; readonly line: number; readonly why: string } | undefined;
}

/** @throws StorageError when a file cannot be read. */
export async function verifyAudit(directory: string): Promise<AuditVerdict> {
  const names = auditFilesIn(directory);
  let lines = 0;
  let end: ChainEnd | undefined;
  for (const name of names) {
    let line = 0;
    try {
      for await (const text of createInterface({
        input: createReadStream(join(directory, name)),
        crlfDelay: Infinity,
      })) {
        line += 1;
        const isBeginning = lines === 0;
        const why = auditLineFault(text, isBeginning ? beginningOf(text) : end);
        if (why !== undefined)
          return { files: names.length, lines, last: end ?? CHAIN_START, broken: { file: name, line, why } };
        end = readChainEnd(text);
        lines += 1;
      }
    } catch (cause) {
      throw new StorageError('E_STORAGE', `Cannot read ${join(directory, name)}`, { cause });
    }
  }
  return { files: names.length, lines, last: end ?? CHAIN_START, broken: undefined };
}

/** Line 1 follows on nothing; an older file that was archived elsewhere leaves a beginning that cannot be checked. */
function beginningOf(line: string): ChainEnd | undefined {
  return readChainEnd(line)?.number === 1 ? CHAIN_START : undefined;
}
