/**
 * Makes fields fit for a log: secrets as `[redacted]`, byte strings as their size, peers' text escaped, everything
 * bounded (rule 9 of docs/reliability.md). The rule is by key name, so name secrets as what they are.
 */
import { types } from 'node:util';
import { escapeText } from '@sealane/shared/bytes';
import { SealaneError } from '@sealane/shared/errors';
import { isError } from './is-error.ts';

/** Fields of a log line. */
export type Fields = Readonly<Record<string, unknown>>;

const SECRET_WORD = /secret|token|passw|passphrase|credential|authorization|cookie|seed|private|payload/i;
/** "key" as a word of its own: `key`, `sessionKey`, `resume_keys`, not `monkey`. */
const SECRET_KEY = /(^|[^A-Za-z])[kK]eys?($|[^a-z])|[a-z]Keys?($|[^a-z])|KEY/;
/** Endings that tell no secret, whatever stands before them, and what is public. */
const HARMLESS_KEY = /fingerprint|public|(file|path|id|count|bytes|epoch|ms)$/i;

const TEXT_CHARACTERS_MAX = 1_024;
const ENTRIES_MAX = 32;
const DEPTH_MAX = 3;

/** A copy of `fields` in which every value is safe to write: strings, numbers, booleans, null and objects of them. */
export function redact(fields: Fields): Record<string, unknown> {
  return redactEntries(Object.entries(fields), 0);
}

/** A text escaped and cut for one line of a log. */
export function logText(text: string): string {
  const escaped = escapeText(text.length > TEXT_CHARACTERS_MAX ? text.slice(0, TEXT_CHARACTERS_MAX) : text);
  return text.length > TEXT_CHARACTERS_MAX ? `${escaped}…` : escaped;
}

function redactEntries(entries: readonly (readonly [string, unknown])[], depth: number): Record<string, unknown> {
  const safe: Record<string, unknown> = {};
  for (const [key, value] of entries.slice(0, ENTRIES_MAX)) {
    if (value === undefined) continue;
    const secret = (SECRET_WORD.test(key) || SECRET_KEY.test(key)) && !HARMLESS_KEY.test(key);
    safe[escapeText(key)] = secret && value !== null ? '[redacted]' : redactValue(value, depth);
  }
  if (entries.length > ENTRIES_MAX) safe['…'] = `${entries.length - ENTRIES_MAX} more`;
  return safe;
}

function redactValue(value: unknown, depth: number): unknown {
  if (typeof value === 'string') return logText(value);
  if (typeof value === 'bigint' || typeof value === 'symbol' || typeof value === 'function') return `<${typeof value}>`;
  if (typeof value !== 'object' || value === null) return value;
  if (ArrayBuffer.isView(value)) return `<${value.byteLength} bytes>`;
  if (types.isAnyArrayBuffer(value)) return `<${value.byteLength} bytes>`;
  if (types.isDate(value)) return Number.isNaN(value.getTime()) ? '<invalid date>' : value.toISOString();
  if (isError(value)) return redactError(value);
  if (depth >= DEPTH_MAX) return Array.isArray(value) ? '<list>' : '<object>';
  if (Array.isArray(value)) return value.slice(0, ENTRIES_MAX).map((item: unknown) => redactValue(item, depth + 1));
  return redactEntries(Object.entries(value), depth + 1);
}

/** Code and message; a stack only by the logger at level debug. */
function redactError(error: Error): Record<string, unknown> {
  const system = 'code' in error && typeof error.code === 'string' ? { code: logText(error.code) } : {};
  const code = error instanceof SealaneError ? { code: error.code } : system;
  return { name: logText(error.name), ...code, message: logText(error.message) };
}
