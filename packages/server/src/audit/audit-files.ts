/** Files of the audit log in a data directory: the one that is written, and the full ones, by the number of their last line. */
import { readdirSync } from 'node:fs';
import { StorageError } from '@sealane/shared/errors';

/** The file that is written now. */
export const AUDIT_FILE = 'audit.jsonl';

const NUMBER_DIGITS = 12;
const FULL_FILE = /^audit\.\d{12}\.jsonl$/;

/** Name of a full file. */
export function fullAuditFile(lastNumber: number): string {
  return `audit.${String(lastNumber).padStart(NUMBER_DIGITS, '0')}.jsonl`;
}

/** Names in order of their lines. @throws StorageError when the directory cannot be read. */
export function auditFilesIn(directory: string): readonly string[] {
  try {
    const names = readdirSync(directory);
    const full = names.filter((name) => FULL_FILE.test(name)).sort();
    return names.includes(AUDIT_FILE) ? [...full, AUDIT_FILE] : full;
  } catch (cause) {
    throw new StorageError('E_STORAGE', `Cannot read ${directory}`, { cause });
  }
}
