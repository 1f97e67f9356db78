/** StoreFault: why SQLite, or the file, did not do something, in kinds that the main thread can act on. */
import type { Fault, FaultKind } from './protocol.ts';

export class StoreFault extends Error {
  readonly kind: FaultKind;

  constructor(kind: FaultKind, message: string) {
    super(message);
    this.name = 'StoreFault';
    this.kind = kind;
  }
}

/** Primary result codes of SQLite (https://sqlite.org/rescode.html), as far as they mean something of their own here. */
const KINDS: Readonly<Record<number, FaultKind>> = {
  3: 'denied',
  5: 'busy',
  8: 'denied',
  11: 'damaged',
  13: 'full',
  14: 'denied',
  26: 'foreign',
};

/** Errors of the system, from work on files that SQLite has no part in. */
const SYSTEM_KINDS: Readonly<Record<string, FaultKind>> = {
  ENOSPC: 'full',
  EDQUOT: 'full',
  EACCES: 'denied',
  EPERM: 'denied',
  EROFS: 'denied',
};

/** An error as it crosses to the main thread. */
export function faultOf(error: unknown): Fault {
  if (error instanceof StoreFault) return { kind: error.kind, message: error.message };
  const message = error instanceof Error ? error.message : String(error);
  const code = resultCodeOf(error);
  const kind = code === 0 ? SYSTEM_KINDS[systemCodeOf(error)] : KINDS[code & 0xff];
  return { kind: kind ?? 'failed', message: code === 0 ? message : `${message} (SQLite ${code})` };
}

function resultCodeOf(error: unknown): number {
  const isCoded = typeof error === 'object' && error !== null && 'errcode' in error;
  return isCoded && typeof error.errcode === 'number' ? error.errcode : 0;
}

function systemCodeOf(error: unknown): string {
  return typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : '';
}
