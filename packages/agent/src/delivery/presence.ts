/** Presence: whether agents are connected, watched over one connection after the other (docs/protocols/delivery.md §8). */
import { ProtocolError, type SealaneError } from '@sealane/shared/errors';
import type { Presence as PresencePacket } from '@sealane/shared/packets';
import type { DeliveryLink } from './delivery-link.ts';
import { refusal } from './refusal.ts';

/** What is known of an agent. */
export interface AgentPresence {
  readonly agentId: string;
  readonly online: boolean;
  /** Ms since 1970-01-01 UTC; undefined when it was never connected. */
  readonly lastSeenAt: number | undefined;
}

/** Called with each change of a watched agent. */
export type PresenceListener = (presence: AgentPresence) => void;

/** A watch; ends with `close`, or when the server refuses it. */
export interface PresenceWatch {
  /** Resolves when it is over: undefined when the program closed it, else why. Never rejects. */
  readonly whenEnded: Promise<SealaneError | undefined>;
  close(): void;
}

interface Watch {
  readonly listener: PresenceListener;
  readonly ended: PromiseWithResolvers<SealaneError | undefined>;
}

export class PresenceWatches {
  readonly #onFault: (what: string, error: unknown) => void;
  readonly #watches = new Map<string, Set<Watch>>();
  #link: DeliveryLink | undefined;

  constructor(onFault: (what: string, error: unknown) => void) {
    this.#onFault = onFault;
  }

  watch(agentId: string, listener: PresenceListener): PresenceWatch {
    const ended = Promise.withResolvers<SealaneError | undefined>();
    const watch: Watch = { listener, ended };
    const watches = this.#watches.get(agentId) ?? new Set<Watch>();
    this.#watches.set(agentId, watches);
    watches.add(watch);
    // The answer to a repeated wish reaches the new listener too.
    this.#ask(agentId, true);
    return { whenEnded: ended.promise, close: () => this.#close(agentId, watch) };
  }

  open(link: DeliveryLink): void {
    this.#link = link;
    for (const agentId of this.#watches.keys()) this.#ask(agentId, true);
  }

  lose(): void {
    this.#link = undefined;
  }

  onPresence({ agentId, online, lastSeenAt, code }: PresencePacket): void {
    if (code !== 0) {
      this.#endAll(agentId, refusal(code, 'the server does not tell'));
      return;
    }
    const presence = { agentId, online, lastSeenAt: lastSeenAt === 0 ? undefined : lastSeenAt };
    for (const { listener } of this.#watches.get(agentId) ?? []) {
      try {
        listener(presence);
      } catch (error) {
        this.#onFault('a listener of presence failed', error);
      }
    }
  }

  /** The agent is closed. */
  close(error: SealaneError): void {
    for (const agentId of [...this.#watches.keys()]) this.#endAll(agentId, error);
  }

  #close(agentId: string, watch: Watch): void {
    const watches = this.#watches.get(agentId);
    if (watches?.delete(watch) !== true) return;
    if (watches.size === 0) {
      this.#watches.delete(agentId);
      this.#ask(agentId, false);
    }
    watch.ended.resolve(undefined);
  }

  #endAll(agentId: string, error: SealaneError): void {
    const watches = this.#watches.get(agentId) ?? [];
    this.#watches.delete(agentId);
    for (const { ended } of watches) ended.resolve(error);
  }

  #ask(agentId: string, watch: boolean): void {
    const link = this.#link;
    if (link === undefined) return;
    if (link.hasEvents) link.watchPresence({ agentId, watch });
    else this.#endAll(agentId, new ProtocolError('E_NO_EVENTS'));
  }
}
