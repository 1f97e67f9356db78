/**
 * HeadGossip, by what becomes of a head:
 *
 * 1. `hear` takes a head out of a message. What is the same as ours, or not signed by the server, ends there.
 * 2. Else the server has to prove that its newest head continues that one: `nextQuery` names the size to ask for with
 *    Transparency Query, `takeAnswer` takes the answer. An answer that is newer than our own head waits until ours has moved on.
 */
import { equalBytes } from '@sealane/shared/bytes';
import type { Crypto } from '@sealane/shared/crypto';
import type { TreeHead } from '@sealane/shared/transparency';
import { expectContinued, type DirectoryChecker, type HeadAnswer } from './directory-checker.ts';
import { lie } from './directory-lie.ts';

/** What became of a head that was heard. */
export type Heard = 'same' | 'to-be-proved' | 'unsigned' | 'too-many';

/** Heads that wait for their proofs. A flood of them is dropped: the next message brings another. */
export const GOSSIP_WAITING_MAX = 16;

/**
 * Compares the heads that others saw with our own: each message may carry the head that its sender saw last. If one
 * server shows two logs, neither head continues the other, and the first two people of either side who write to each
 * other find out. It does no I/O.
 */
export class HeadGossip {
  readonly #crypto: Crypto;
  readonly #checker: DirectoryChecker;
  #waiting: readonly TreeHead[] = [];

  constructor(crypto: Crypto, checker: DirectoryChecker) {
    this.#crypto = crypto;
    this.#checker = checker;
  }

  /** Takes a signed head that somebody else saw. @throws ProtocolError `E_DIRECTORY_LIE` where it contradicts ours. */
  hear(signed: Uint8Array): Heard {
    const head = this.#checker.signedHead(signed);
    // Anybody can make up a head: only what the server signed says something about the server.
    if (head === undefined) return 'unsigned';
    if (this.#isOurs(head)) return 'same';
    if (this.#waiting.some((other) => other.treeSize === head.treeSize && isSameLog(other, head)))
      return 'to-be-proved';
    if (this.#waiting.length >= GOSSIP_WAITING_MAX) return 'too-many';
    this.#waiting = [...this.#waiting, head];
    return 'to-be-proved';
  }

  /**
   * `tree_size` of the Transparency Query that proves the next one; undefined where none waits.
   *
   * @throws ProtocolError `E_DIRECTORY_LIE` where our own head has become as large, and is another.
   */
  nextQuery(): number | undefined {
    this.#waiting = this.#waiting.filter((head) => !this.#isOurs(head));
    return this.#waiting[0]?.treeSize;
  }

  /**
   * Takes the answer to `nextQuery`.
   *
   * @returns whether the head is settled. Else ask `takeHead` of the checker for a newer one, and then again.
   * @throws ProtocolError `E_DIRECTORY_LIE` where the server cannot connect what it signed; the head is kept as evidence.
   */
  takeAnswer(answer: HeadAnswer): boolean {
    const [heard, ...others] = this.#waiting;
    if (heard === undefined) return true;
    const newest = this.#checker.signedHead(answer.head);
    if (newest === undefined) throw lie('a head is not signed by the server');
    expectContinued(this.#crypto, heard, newest, answer.consistency);
    if (newest.treeSize < this.#checker.treeSize) throw lie('the log of the directory became shorter');
    const isSettled = this.#isOurs(newest);
    // The newest one continues what was heard, so it stands for it.
    this.#waiting = isSettled ? others : [newest, ...others];
    return isSettled;
  }

  /** @throws ProtocolError `E_DIRECTORY_LIE` for another log of the same size as ours. */
  #isOurs(head: TreeHead): boolean {
    const ours = this.#checker.last;
    if (head.treeSize !== ours?.treeSize) return false;
    if (!isSameLog(head, ours)) throw lie('somebody else was shown another log of the directory');
    return true;
  }
}

function isSameLog(left: TreeHead, right: TreeHead): boolean {
  return equalBytes(left.root, right.root) && equalBytes(left.mapRoot, right.mapRoot);
}
