/**
 * One line of the audit log. Each line holds a SHA-256 over the hash of the line before it and over itself, so that no line
 * can be changed, taken out or put in without all hashes after it being made anew (row G7).
 */
import { createHash } from 'node:crypto';

/** What an entry says beside its action: ids, codes and counts; never a payload, a key or a token. */
export type AuditFields = Readonly<Record<string, string | number | boolean | null>>;

/** Whoever notes what happened. */
export interface AuditRecorder {
  /** @param action few words, kebab-case, constant. */
  note(action: string, fields?: AuditFields): void;
}

/** Where the chain of lines stands. */
export interface ChainEnd {
  /** Number of the last line; 0 before the first. */
  readonly number: number;
  /** Its hash, hex; zeros before the first. */
  readonly hash: string;
}

export const CHAIN_START: ChainEnd = { number: 0, hash: '0'.repeat(64) };

/** `,"hash":"` 64 digits `"}` */
const HASH_CHARACTERS = 75;
const HASH_TAIL = /^,"hash":"([0-9a-f]{64})"\}$/;
const TEXT_CHARACTERS_MAX = 512;

/** The line after `end`, with its newline, and where the chain stands then. @param at wall clock ms. */
export function encodeAuditLine(
  end: ChainEnd,
  entry: { readonly at: number; readonly action: string; readonly fields: AuditFields },
): { readonly line: string; readonly end: ChainEnd } {
  const number = end.number + 1;
  const record: Record<string, AuditFields[string]> = {
    number,
    at: new Date(entry.at).toISOString(),
    action: entry.action,
  };
  for (const [name, value] of Object.entries(entry.fields))
    record[name] = typeof value === 'string' ? value.slice(0, TEXT_CHARACTERS_MAX) : value;
  const body = JSON.stringify(record).slice(0, -1);
  const hash = hashOf(end.hash, body);
  return { line: `${body},"hash":"${hash}"}\n`, end: { number, hash } };
}

/** Where the chain stands after a line, whatever stands before it; undefined for what is no line. */
export function readChainEnd(line: string): ChainEnd | undefined {
  const hash = HASH_TAIL.exec(line.slice(-HASH_CHARACTERS))?.[1];
  const number = numberOf(line);
  return hash === undefined || number === undefined ? undefined : { number, hash };
}

/** Why a line does not follow on `end`; undefined where it does. `end` is undefined for a first line whose past is gone. */
export function auditLineFault(line: string, end: ChainEnd | undefined): string | undefined {
  const own = readChainEnd(line);
  if (own === undefined) return 'it is no line of an audit log';
  if (end === undefined) return undefined;
  if (own.number !== end.number + 1) return `its number is ${own.number}, not ${end.number + 1}`;
  return own.hash === hashOf(end.hash, line.slice(0, -HASH_CHARACTERS)) ? undefined : 'its hash does not fit';
}

function hashOf(before: string, body: string): string {
  return createHash('sha256').update(before).update(body).digest('hex');
}

function numberOf(line: string): number | undefined {
  try {
    const record: unknown = JSON.parse(line);
    if (typeof record !== 'object' || record === null || !('number' in record)) return undefined;
    return Number.isSafeInteger(record.number) ? Number(record.number) : undefined;
  } catch {
    return undefined;
  }
}
