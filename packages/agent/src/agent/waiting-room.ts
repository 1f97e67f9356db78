/** Work that was asked for while there is no connection: it waits for the next one, bounded in number and time. */
import { ProtocolError, type SealaneError } from '@sealane/shared/errors';

/** How long and how something waits. */
export interface Wait {
  /** 0 waits without limit. */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
}

interface Guest<Connection> {
  readonly enter: (connection: Connection) => void;
  readonly refuse: (error: Error) => void;
}

export class WaitingRoom<Connection> {
  readonly #guestsMax: number;
  readonly #guests = new Set<Guest<Connection>>();

  constructor(guestsMax: number) {
    this.#guestsMax = guestsMax;
  }

  get size(): number {
    return this.#guests.size;
  }

  /** @throws ProtocolError `E_BUSY` (full), `E_TIMEOUT`, `E_CANCELLED`, or what `refuseAll` was given. */
  wait({ timeoutMs, signal }: Wait): Promise<Connection> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted === true) throw new ProtocolError('E_CANCELLED');
      if (this.#guests.size >= this.#guestsMax) throw new ProtocolError('E_BUSY', 'too much waits for a connection');
      const leave = (): void => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', onAbort);
        this.#guests.delete(guest);
      };
      const guest: Guest<Connection> = {
        enter: (connection) => {
          leave();
          resolve(connection);
        },
        refuse: (error) => {
          leave();
          reject(error);
        },
      };
      const onAbort = (): void => guest.refuse(new ProtocolError('E_CANCELLED'));
      const late = (): void => guest.refuse(new ProtocolError('E_TIMEOUT', `no connection within ${timeoutMs} ms`));
      const timer = timeoutMs > 0 ? setTimeout(late, timeoutMs) : undefined;
      signal?.addEventListener('abort', onAbort, { once: true });
      this.#guests.add(guest);
    });
  }

  /** There is a connection, first come first served. */
  admitAll(connection: Connection): void {
    for (const guest of [...this.#guests]) guest.enter(connection);
  }

  /** There will never be one. */
  refuseAll(error: SealaneError): void {
    for (const guest of [...this.#guests]) guest.refuse(error);
  }
}
