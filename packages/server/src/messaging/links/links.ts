/**
 * Links: where a device that is not listed yet waits for one that is (docs/protocols/messaging.md §10). In memory: after a
 * restart of the server the device shows another code.
 */
import { createHash } from 'node:crypto';
import { equalBytes, toBase64Url } from '@sealane/shared/bytes';
import { TokenBuckets } from '../../limits/index.ts';
import { CallError } from '../call-error.ts';
import type { ActingDevice, ServiceEnvironment } from '../devices.ts';
import type { MessageQueues } from '../queues/message-queues.ts';
import { DEFAULT_LINK_LIMITS, type LinkLimits } from './link-limits.ts';

export interface LinksOptions {
  readonly queues: Pick<MessageQueues, 'openForGuest' | 'endGuest' | 'send'>;
  readonly environment: ServiceEnvironment;
  readonly limits?: LinkLimits;
}

interface Link {
  readonly agentId: string;
  readonly accountId: string;
  expiry: { cancel(): void };
  /** What was handed to it, by its SHA-256. */
  used: { readonly hash: Uint8Array; readonly sent: Promise<void> } | undefined;
}

export class Links {
  readonly #options: LinksOptions;
  readonly #limits: LinkLimits;
  readonly #byId = new Map<string, Link>();
  /** The link of each device that waits: a newer one takes the place of an older one. */
  readonly #idOf = new Map<string, string>();
  readonly #opens: TokenBuckets;
  readonly #posts: TokenBuckets;

  constructor(options: LinksOptions) {
    this.#options = options;
    this.#limits = options.limits ?? DEFAULT_LINK_LIMITS;
    this.#opens = new TokenBuckets(this.#limits.opensPerAccount);
    this.#posts = new TokenBuckets(this.#limits.postsPerAccount);
  }

  /** Links that wait. */
  get count(): number {
    return [...this.#byId.values()].filter(({ used }) => used === undefined).length;
  }

  /** Ends all of them. */
  stop(): void {
    for (const { expiry } of this.#byId.values()) expiry.cancel();
    this.#byId.clear();
    this.#idOf.clear();
  }

  /**
   * The device waits under this id; the account is the one that it has logged in to.
   *
   * @throws CallError `E_NO_LINK` for an id in use, `E_CALL_LIMIT`; StorageError.
   */
  async open({ agentId, accountId }: ActingDevice, linkId: Uint8Array): Promise<void> {
    const id = toBase64Url(linkId);
    const account = toBase64Url(accountId);
    const known = this.#byId.get(id);
    if (known?.agentId === agentId && known.accountId === account) return;
    if (known !== undefined) throw new CallError('E_NO_LINK');
    this.#take(this.#opens, account);
    if (this.#byId.size >= this.#limits.linksMax) throw new CallError('E_CALL_LIMIT', { retryAfterMs: 60_000 });
    const previous = this.#idOf.get(agentId);
    if (previous !== undefined) this.#forget(previous);
    const expiry = this.#expireLater(id);
    this.#byId.set(id, { agentId, accountId: account, expiry, used: undefined });
    this.#idOf.set(agentId, id);
    await this.#options.queues.openForGuest(agentId);
  }

  /**
   * Hands something sealed to the device that waits; the link is used with it. The same once more is answered as the first time.
   *
   * @throws CallError `E_NO_LINK`, also for a link of another account; `E_CALL_LIMIT`; StorageError.
   */
  async post({ accountId }: ActingDevice, linkId: Uint8Array, body: Uint8Array): Promise<void> {
    const account = toBase64Url(accountId);
    this.#take(this.#posts, account);
    const id = toBase64Url(linkId);
    const link = this.#byId.get(id);
    if (link?.accountId !== account) throw new CallError('E_NO_LINK');
    const hash = createHash('sha256').update(body).digest();
    if (link.used !== undefined) {
      if (!equalBytes(link.used.hash, hash)) throw new CallError('E_NO_LINK');
      await link.used.sent;
      return;
    }
    const sent = this.#send(link.agentId, linkId, body);
    link.used = { hash, sent };
    try {
      await sent;
    } catch (error) {
      // Nothing was handed over: the link is as good as before.
      link.used = undefined;
      throw error;
    }
    if (this.#byId.get(id) !== link) return;
    // What was handed over has its time to be fetched.
    link.expiry.cancel();
    link.expiry = this.#expireLater(id);
  }

  async #send(agentId: string, linkId: Uint8Array, body: Uint8Array): Promise<void> {
    const { queues, environment } = this.#options;
    const at = environment.wallClock();
    const item = { kind: 'link' as const, group: null, epoch: 0, messageId: linkId, sequence: 0, at, body, blob: null };
    await queues.send([{ ...item, expiresAt: at + this.#limits.lifeMs, recipients: [agentId] }]);
  }

  #expireLater(id: string): { cancel(): void } {
    return this.#options.environment.schedule(this.#limits.lifeMs, () => this.#expire(id));
  }

  #take(buckets: TokenBuckets, account: string): void {
    const retryAfterMs = buckets.take(account, this.#options.environment.now());
    if (retryAfterMs > 0) throw new CallError('E_CALL_LIMIT', { retryAfterMs });
  }

  #expire(id: string): void {
    const link = this.#byId.get(id);
    if (link === undefined) return;
    this.#forget(id);
    this.#endGuest(link.agentId);
  }

  /** A device that waits again by now keeps its queue. */
  #endGuest(agentId: string): void {
    if (this.#idOf.has(agentId)) return;
    // A queue that stays is empty, and goes with the agent.
    this.#options.queues.endGuest(agentId).catch(() => undefined);
  }

  #forget(id: string): void {
    const link = this.#byId.get(id);
    if (link === undefined) return;
    link.expiry.cancel();
    this.#byId.delete(id);
    if (this.#idOf.get(link.agentId) === id) this.#idOf.delete(link.agentId);
  }
}
