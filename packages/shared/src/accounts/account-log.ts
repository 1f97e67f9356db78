/**
 * The rules of the log of an account (docs/protocols/messaging-formats.md §1): which statement may follow which. Everybody
 * who reads a log checks all of it, so that a server can neither add a device nor bring back a revoked one.
 *
 * 1. Statements are numbered from 0; each names the hash of the one before it, and is signed by its author.
 * 2. Genesis comes first and only there, signed by the first device; statement 1 lists that device.
 * 3. Later authors are devices that are listed at that place, or the recovery key, which outranks devices: only it
 *    replaces itself, and what it revokes only it lists again.
 * 4. A device that is listed again under its agent id is renewed, and keeps its keys.
 * 5. An author whose certificate has expired is a warning, not a fault: old logs stay readable.
 */
import { equalBytes } from '../bytes/index.ts';
import type { Crypto, DocumentSigner } from '../crypto/index.ts';
import { isExpired, type AccountState } from './account-state.ts';
import { changeDevices } from './device-rules.ts';
import type { StatementFaultCode } from './statement-fault.ts';
import {
  GENESIS_PREVIOUS,
  decodeStatement,
  encodeStatement,
  isStatementSigned,
  statementHash,
  type Statement,
  type StatementContent,
} from './statement.ts';
import { usernameFault } from './username.ts';

/** What is odd about a valid log. */
export interface AccountLogWarning {
  readonly code: 'expired-author';
  /** Index of the statement. */
  readonly index: number;
}

/** Result of `verifyAccountLog`. */
export type AccountLogResult =
  | { readonly ok: true; readonly state: AccountState; readonly warnings: readonly AccountLogWarning[] }
  | { readonly ok: false; readonly fault: { readonly code: StatementFaultCode; readonly index: number } };

/** Most statements of one account: whoever reads it checks them all. 16 devices renew for 60 years. */
export const STATEMENTS_PER_ACCOUNT_MAX = 4_096;
/** The last of them are the recovery key's: else a stolen device could fill the log, and nobody would revoke it. */
export const RECOVERY_STATEMENTS = 64;

/**
 * Checks statements from the beginning of a log, or those that follow a state that was checked before.
 *
 * @param statements signed documents in order. Never throws, whatever they hold.
 */
export function verifyAccountLog(
  crypto: Crypto,
  statements: readonly Uint8Array[],
  { after }: { readonly after?: AccountState } = {},
): AccountLogResult {
  let state = after;
  const warnings: AccountLogWarning[] = [];
  for (const bytes of statements) {
    const result = applyStatement(crypto, state, bytes);
    if (!result.ok) return result;
    state = result.state;
    warnings.push(...result.warnings);
  }
  return state === undefined ? { ok: false, fault: { code: 'empty', index: 0 } } : { ok: true, state, warnings };
}

/** Checks one statement. @param state of the log so far; undefined where it is empty. */
export function applyStatement(crypto: Crypto, state: AccountState | undefined, bytes: Uint8Array): AccountLogResult {
  const index = state?.count ?? 0;
  const fault = (code: StatementFaultCode): AccountLogResult => ({ ok: false, fault: { code, index } });
  const statement = decodeStatement(bytes);
  if (statement === undefined) return fault('malformed');
  if (index >= STATEMENTS_PER_ACCOUNT_MAX) return fault('too-long');
  if (statement.index !== index) return fault('wrong-index');
  if (!equalBytes(statement.previous, state?.hash ?? GENESIS_PREVIOUS)) return fault('wrong-previous');
  const authorFault = faultOfAuthor(state, statement);
  if (authorFault !== undefined) return fault(authorFault);
  if (state !== undefined && isReserved(state, statement)) return fault('too-long');
  // After the cheap rules, so that a flood of wrong statements costs little.
  if (!isStatementSigned(crypto, bytes, statement.author)) return fault('bad-signature');
  const hash = statementHash(crypto, bytes);
  const next = state === undefined ? genesisState(statement.content, hash) : followingState(state, statement, hash);
  if (typeof next === 'string') return fault(next);
  const author = state?.devices.find(({ signingKey }) => equalBytes(signingKey, statement.author));
  const isWarning = author !== undefined && isExpired(author, statement.at);
  return { ok: true, state: next, warnings: isWarning ? [{ code: 'expired-author', index }] : [] };
}

/**
 * Makes the statement that follows.
 *
 * @param at unix seconds.
 * @throws RangeError for a field outside its range.
 */
export function nextStatement(
  state: AccountState | undefined,
  { content, at }: { readonly content: StatementContent; readonly at: number },
  signer: DocumentSigner,
): Uint8Array {
  const fields = { index: state?.count ?? 0, previous: state?.hash ?? GENESIS_PREVIOUS, at, content };
  return encodeStatement(fields, signer);
}

function faultOfAuthor(
  state: AccountState | undefined,
  { author, content }: Statement,
): StatementFaultCode | undefined {
  if (state === undefined) {
    if (content.kind !== 'genesis') return 'not-genesis';
    return equalBytes(author, content.firstSigningKey) ? undefined : 'unknown-author';
  }
  if (content.kind === 'genesis') return 'not-genesis';
  if (state.count === 1) return equalBytes(author, state.firstSigningKey) ? undefined : 'first-device';
  if (equalBytes(author, state.recoveryKey)) return undefined;
  const device = [...state.devices, ...state.former].find(({ signingKey }) => equalBytes(signingKey, author));
  if (device === undefined) return 'unknown-author';
  if (device.revoked !== undefined) return 'revoked-author';
  return content.kind === 'reset' ? 'recovery-key-only' : undefined;
}

function isReserved({ recoveryKey }: AccountState, { index, author }: Statement): boolean {
  return index >= STATEMENTS_PER_ACCOUNT_MAX - RECOVERY_STATEMENTS && !equalBytes(author, recoveryKey);
}

function genesisState(content: StatementContent, hash: Uint8Array): AccountState | StatementFaultCode {
  if (content.kind !== 'genesis') return 'not-genesis';
  const { username, recoveryKey, firstSigningKey } = content;
  if (usernameFault(username) !== undefined) return 'bad-username';
  // Else the first device would outrank the others.
  if (equalBytes(recoveryKey, firstSigningKey)) return 'key-in-use';
  return {
    accountId: hash,
    username,
    recoveryKey,
    firstSigningKey,
    displayName: '',
    devices: [],
    former: [],
    count: 1,
    hash,
  };
}

function followingState(
  state: AccountState,
  statement: Statement,
  hash: Uint8Array,
): AccountState | StatementFaultCode {
  const { content } = statement;
  const next = { ...state, count: state.count + 1, hash };
  switch (content.kind) {
    case 'genesis':
      return 'not-genesis';
    case 'profile':
      return state.count === 1 ? 'first-device' : { ...next, displayName: content.displayName };
    case 'reset':
      return resetState(state, next, content.recoveryKey);
    case 'add-device':
    case 'revoke-device': {
      const devices = changeDevices(state, statement, content);
      return typeof devices === 'string' ? devices : { ...next, ...devices };
    }
  }
}

function resetState(
  state: AccountState,
  next: AccountState,
  recoveryKey: Uint8Array,
): AccountState | StatementFaultCode {
  if (state.count === 1) return 'first-device';
  const isTaken =
    equalBytes(recoveryKey, state.recoveryKey) ||
    [...state.devices, ...state.former].some(({ signingKey }) => equalBytes(signingKey, recoveryKey));
  return isTaken ? 'key-in-use' : { ...next, recoveryKey };
}
