/**
 * Presence: who watches which agent, and what they were told. An agent is online while its instance `main` is connected,
 * here or on another node. Where other nodes serve agents too, those that are watched are looked up again and again;
 * without watchers nothing is.
 */
import { ERRORS, type ErrorCode } from '@sealane/shared/errors';
import { Alarm, type AlarmOwner } from './alarms.ts';
import { isOpen, type DeliverySink } from './environment.ts';
import type { ReaderHost } from './reader-host.ts';

/** Agents that are looked up at a time, and in one round: many that are watched only take longer to be noticed. */
const LOOKS_MAX = 100;

interface Watched {
  readonly watchers: Set<DeliverySink>;
  /** What watchers were told last; undefined while it is looked up. */
  told: { readonly online: boolean; readonly lastSeenAt: number } | undefined;
}

export class Presence implements AlarmOwner {
  readonly #host: ReaderHost;
  readonly #isConnected: (agentId: string) => boolean;
  readonly #polls: boolean;
  readonly #watched = new Map<string, Watched>();
  /** Agents that are watched and wait to be looked up, and those that are looked up now. */
  readonly #waiting = new Set<string>();
  readonly #looking = new Set<string>();
  /** Whose turn it is to be looked up. */
  #round: Iterator<[string, Watched]> = this.#watched.entries();
  readonly #alarm = new Alarm(this);

  /** @param options.polls whether other nodes serve agents of the same store. */
  constructor(
    host: ReaderHost,
    options: { readonly isConnected: (agentId: string) => boolean; readonly polls: boolean },
  ) {
    this.#host = host;
    this.#isConnected = options.isConnected;
    this.#polls = options.polls;
  }

  /** Tells a connection at once, and at every change. */
  watch(sink: DeliverySink, agentId: string): void {
    let watched = this.#watched.get(agentId);
    if (watched === undefined) {
      watched = { watchers: new Set(), told: undefined };
      this.#watched.set(agentId, watched);
    }
    watched.watchers.add(sink);
    const { told } = watched;
    if (told === undefined) this.#look(agentId, watched);
    else {
      const at = told.online ? this.#host.environment.wallClock() : told.lastSeenAt;
      sink.session.sendPresence(agentId, told.online, at, 0);
      sink.wake();
    }
    if (this.#polls) this.#wake();
  }

  unwatch(sink: DeliverySink, agentId: string): void {
    const watched = this.#watched.get(agentId);
    if (watched?.watchers.delete(sink) !== true || watched.watchers.size > 0) return;
    this.#watched.delete(agentId);
    this.#waiting.delete(agentId);
  }

  /** An agent came or went on this node. */
  changed(agentId: string): void {
    const watched = this.#watched.get(agentId);
    if (watched !== undefined) this.#look(agentId, watched);
  }

  onAlarm(): void {
    for (let count = 0; count < Math.min(LOOKS_MAX, this.#watched.size); count++) {
      const next = this.#round.next();
      if (next.done === true) this.#round = this.#watched.entries();
      else this.#look(...next.value);
    }
    if (this.#watched.size > 0) this.#wake();
  }

  #wake(): void {
    const { alarms, environment, limits } = this.#host;
    if (this.#alarm.index < 0) alarms.setBy(this.#alarm, environment.now() + limits.presencePollMs);
  }

  #look(agentId: string, watched: Watched): void {
    if (this.#isConnected(agentId)) {
      this.#tell(agentId, watched, true, this.#host.environment.wallClock());
      return;
    }
    this.#waiting.add(agentId);
    this.#lookNext();
  }

  /** An agent is looked up once at a time, and few together: whoever watches often must not fill the store with questions. */
  #lookNext(): void {
    for (const agentId of this.#waiting) {
      if (this.#looking.size >= LOOKS_MAX) return;
      if (this.#looking.has(agentId)) continue;
      this.#waiting.delete(agentId);
      this.#looking.add(agentId);
      void this.#lookUp(agentId);
    }
  }

  async #lookUp(agentId: string): Promise<void> {
    const { store, environment, counters } = this.#host;
    try {
      const { node, lastSeenAt } = await store.agentRecord(agentId);
      const watched = this.#watched.get(agentId);
      const online = this.#isConnected(agentId) || (this.#polls && node !== undefined);
      if (watched !== undefined)
        this.#tell(agentId, watched, online, online ? environment.wallClock() : (lastSeenAt ?? 0));
    } catch {
      counters.storeRetries += 1;
      this.#wake();
    }
    this.#looking.delete(agentId);
    this.#lookNext();
  }

  #tell(agentId: string, watched: Watched, online: boolean, lastSeenAt: number): void {
    const { told } = watched;
    watched.told = { online, lastSeenAt };
    if (told?.online === online) return;
    for (const sink of watched.watchers) {
      if (!isOpen(sink)) continue;
      sink.session.sendPresence(agentId, online, lastSeenAt, 0);
      sink.wake();
    }
  }
}

/** A watch is refused, or ended. */
export function refusePresence(sink: DeliverySink, agentId: string, code: ErrorCode): void {
  sink.session.sendPresence(agentId, false, 0, ERRORS[code].number);
  sink.wake();
}
