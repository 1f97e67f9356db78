/** RequestTable: the rules of docs/protocols/requests.md about ids, limits and deadlines. It holds no bodies. */
import { ProtocolError } from '../errors/index.ts';
import type { PeerLimits } from '../wire/index.ts';
import { DeadlineSet } from './deadline-set.ts';

/** What to do with a request that comes in. */
export type RequestVerdict = 'accepted' | 'too-many';

/**
 * Which requests of either side are waiting, until when, and which answers still fit.
 *
 * Each side numbers its own requests from 1, upwards without reuse; so a late answer to a request that was given up is
 * told from an answer to a request that never was. Deadlines are times in ms on the clock of the owner.
 */
export class RequestTable {
  readonly #ours: PeerLimits;
  readonly #theirs: PeerLimits;
  readonly #outgoing = new DeadlineSet();
  readonly #incoming = new DeadlineSet();
  #nextId = 1;
  #highestIncomingId = 0;

  /** @param limits what this side announced (`ours`) and what the peer announced (`theirs`). */
  constructor(limits: { readonly ours: PeerLimits; readonly theirs: PeerLimits }) {
    this.#ours = limits.ours;
    this.#theirs = limits.theirs;
  }

  /** Own requests that wait for their last response. */
  get outgoingCount(): number {
    return this.#outgoing.size;
  }

  /** The peer's requests that wait for their last response. */
  get incomingCount(): number {
    return this.#incoming.size;
  }

  /** Earliest time in ms at which `expire` has something to do; Infinity when nothing waits. */
  get wantsTimeoutAt(): number {
    return Math.min(this.#outgoing.earliest, this.#incoming.earliest);
  }

  /** Starts a request of this side: its id, or undefined when the peer's limit is reached (§1). */
  start(deadlineAt: number): number | undefined {
    if (this.#outgoing.size >= this.#theirs.requestsInFlightMax) return undefined;
    const id = this.#nextId++;
    this.#outgoing.add(id, deadlineAt);
    return id;
  }

  /**
   * A response came (§2).
   *
   * @returns whether someone still waits for it.
   * @throws ProtocolError `E_STATE` for a request that was never sent.
   */
  onResponse(id: number, last: boolean): boolean {
    if (id >= this.#nextId || id === 0) throw new ProtocolError('E_STATE', 'a response to a request never sent');
    return last ? this.#outgoing.delete(id) : this.#outgoing.has(id);
  }

  /** This side gives its request up. @returns whether it was waiting. */
  cancel(id: number): boolean {
    return this.#outgoing.delete(id);
  }

  /**
   * A request came in (§1).
   *
   * @throws ProtocolError `E_STATE` when its id is not higher than every one before.
   */
  onRequest(id: number, deadlineAt: number): RequestVerdict {
    if (id <= this.#highestIncomingId) throw new ProtocolError('E_STATE', 'request ids must rise');
    this.#highestIncomingId = id;
    if (this.#incoming.size >= this.#ours.requestsInFlightMax) return 'too-many';
    this.#incoming.add(id, deadlineAt);
    return 'accepted';
  }

  /** Whether a request of the peer still waits for an answer. */
  isWaiting(id: number): boolean {
    return this.#incoming.has(id);
  }

  /** The last answer to a request of the peer is on its way. @returns false when nobody waits for it any more. */
  finish(id: number): boolean {
    return this.#incoming.delete(id);
  }

  /**
   * The peer gives its request up (§4).
   *
   * @returns whether it was waiting.
   * @throws ProtocolError `E_STATE` for a request that never came.
   */
  onCancel(id: number): boolean {
    if (id > this.#highestIncomingId || id === 0) throw new ProtocolError('E_STATE', 'a cancel for an unknown request');
    return this.#incoming.delete(id);
  }

  /** Takes out what is past its deadline: ids of own requests, and ids of the peer's. */
  expire(now: number): { readonly outgoing: readonly number[]; readonly incoming: readonly number[] } {
    return { outgoing: this.#outgoing.expire(now), incoming: this.#incoming.expire(now) };
  }
}
