/**
 * DirectoryChecker: the rules of docs/protocols/messaging.md §11 as a client holds a server to them.
 *
 * 1. the head is signed by the key of the server that the agent pinned;
 * 2. it continues the last head that was seen;
 * 3. the statements continue those that are known, each rule of the account's log kept;
 * 4. the newest statement is in the log of the head, and the map of the head names it as the newest;
 * 5. heads that others were shown continue ours, or ours continue theirs (`HeadGossip`).
 */
import { verifyAccountLog, type AccountLogWarning, type AccountState } from '@sealane/shared/accounts';
import { equalBytes } from '@sealane/shared/bytes';
import { ed25519ToX25519, type Crypto } from '@sealane/shared/crypto';
import {
  decodeInclusion,
  decodeMapProof,
  decodePath,
  decodeTreeHead,
  entryHash,
  mapKey,
  verifyConsistency,
  verifyInclusion,
  verifyMapProof,
  verifyTreeHead,
  type TreeHead,
} from '@sealane/shared/transparency';
import { lie } from './directory-lie.ts';

/** Fields of packet 0x5a, and of 0x47. */
export interface HeadAnswer {
  readonly head: Uint8Array;
  readonly consistency: Uint8Array;
}

/** Fields of packet 0x47. */
export interface EntryAnswer extends HeadAnswer {
  readonly statements: readonly Uint8Array[];
  readonly statementCount: number;
  readonly inclusion: Uint8Array;
  readonly latest: Uint8Array;
}

/** An account as the directory shows it. */
export interface CheckedEntry {
  readonly state: AccountState;
  /** Whether it is proved to be the newest; else there is more to be asked for, from `state.count` on. */
  readonly isComplete: boolean;
  readonly warnings: readonly AccountLogWarning[];
}

/** What the checker was made for. */
export interface DirectoryCheckerOptions {
  readonly crypto: Crypto;
  /** Ed25519 public key that the server signs documents with, 32 bytes; `isSigningKeyOf` says whether it is. */
  readonly serverSigningKey: Uint8Array;
  /** The last head that was seen, as `lastHead` gave it. It was checked then; the server may have another key since. */
  readonly lastHead?: Uint8Array;
}

/** Whether the signing key belongs to the X25519 key of a server that an agent pinned: the one is converted to the other. */
export function isSigningKeyOf(signingKey: Uint8Array, serverKey: Uint8Array): boolean {
  const converted = ed25519ToX25519(signingKey);
  return converted !== undefined && equalBytes(converted, serverKey);
}

/**
 * Checks what the server answers about its directory, so that it can neither hide a newer state of an account, nor take
 * one back, nor show its own log to one person and another to the next.
 *
 * It does no I/O: whoever holds it sends the queries, one at a time, and keeps `lastHead` in the transaction of what it
 * learnt. Every breach is a `ProtocolError` with `E_DIRECTORY_LIE`; after one nothing has changed.
 */
export class DirectoryChecker {
  readonly #crypto: Crypto;
  readonly #serverSigningKey: Uint8Array;
  #last: { readonly head: TreeHead; readonly signed: Uint8Array } | undefined;

  /** @throws RangeError where `lastHead` is no head. */
  constructor({ crypto, serverSigningKey, lastHead }: DirectoryCheckerOptions) {
    this.#crypto = crypto;
    this.#serverSigningKey = serverSigningKey;
    if (lastHead === undefined) return;
    const head = decodeTreeHead(lastHead);
    if (head === undefined) throw new RangeError('"lastHead" is not a head');
    this.#last = { head, signed: lastHead };
  }

  /** `tree_size` of the next query. */
  get treeSize(): number {
    return this.last?.treeSize ?? 0;
  }

  /** The last head; undefined before the first. */
  get last(): TreeHead | undefined {
    return this.#last?.head;
  }

  /** The last head, signed: what is kept, and what is put into messages. */
  get lastHead(): Uint8Array | undefined {
    return this.#last?.signed;
  }

  /** @returns the head, or undefined where it is not signed by the server. */
  signedHead(bytes: Uint8Array): TreeHead | undefined {
    return verifyTreeHead(this.#crypto, bytes, this.#serverSigningKey);
  }

  /**
   * Takes an answer to a query that named `treeSize`.
   *
   * @throws ProtocolError `E_DIRECTORY_LIE`.
   */
  takeHead(answer: HeadAnswer): TreeHead {
    const head = this.#continued(answer);
    this.#last = { head, signed: Uint8Array.from(answer.head) };
    return head;
  }

  /**
   * Takes an answer about an account.
   *
   * @param known state of the account that was seen last; the query named its `count`.
   * @throws ProtocolError `E_DIRECTORY_LIE`.
   */
  takeEntry(username: string, known: AccountState | undefined, answer: EntryAnswer): CheckedEntry {
    const head = this.#continued(answer);
    if (answer.statementCount < (known?.count ?? 1)) throw lie('an account has fewer statements than before');
    const result = verifyAccountLog(this.#crypto, answer.statements, known === undefined ? {} : { after: known });
    if (!result.ok) throw lie(`statement ${result.fault.index} of an account is not valid: ${result.fault.code}`);
    const { state, warnings } = result;
    if (state.username !== username) throw lie('the answer is about another account');
    if (state.count > answer.statementCount) throw lie('an account has more statements than it says');
    const isComplete = state.count === answer.statementCount;
    if (!isComplete && answer.statements.length === 0) throw lie('statements are held back');
    if (isComplete) this.#expectNewest(head, state, answer);
    this.#last = { head, signed: Uint8Array.from(answer.head) };
    return { state, isComplete, warnings };
  }

  /** Rules 1 and 2. */
  #continued({ head: signed, consistency }: HeadAnswer): TreeHead {
    const head = this.signedHead(signed);
    if (head === undefined) throw lie('a head is not signed by the server');
    if (this.last !== undefined) expectContinued(this.#crypto, this.last, head, consistency);
    return head;
  }

  /** Rule 4. */
  #expectNewest(head: TreeHead, state: AccountState, answer: EntryAnswer): void {
    const { accountId, username, count, hash } = state;
    const leaf = entryHash(this.#crypto, { accountId, username, count, statementHash: hash });
    const inclusion = decodeInclusion(answer.inclusion);
    const { treeSize, root, mapRoot } = head;
    if (inclusion === undefined || !verifyInclusion(this.#crypto, { ...inclusion, treeSize, leaf, root })) {
      throw lie('the newest statement of an account is not in the log');
    }
    const key = mapKey(this.#crypto, username);
    const proof = decodeMapProof(answer.latest, key);
    const latest = proof === undefined ? undefined : verifyMapProof(this.#crypto, { key, proof, mapRoot });
    const value = latest?.ok === true ? latest.value : undefined;
    if (value?.count !== count || !equalBytes(value.entryHash, leaf)) {
      throw lie('the map does not name the newest statement of an account');
    }
  }
}

/** @throws ProtocolError `E_DIRECTORY_LIE` where `next` does not continue `last`. */
export function expectContinued(crypto: Crypto, last: TreeHead, next: TreeHead, consistency: Uint8Array): void {
  const path = decodePath(consistency);
  if (next.treeSize < last.treeSize) throw lie('the log of the directory became shorter');
  const claim = { oldSize: last.treeSize, oldRoot: last.root, newSize: next.treeSize, newRoot: next.root };
  if (path === undefined || !verifyConsistency(crypto, { ...claim, path })) {
    throw lie('the log of the directory does not continue the one seen before');
  }
  // Each entry changes the map, and nothing else does.
  if (next.treeSize === last.treeSize && !equalBytes(next.mapRoot, last.mapRoot)) {
    throw lie('one state of the log of the directory has two maps');
  }
}
