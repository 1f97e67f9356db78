/**
 * EndingCalls: the calls of a client that ends. What a connection answers is waited for; without one, what is under way is
 * cancelled, and nothing more is begun: a call waits half a minute for the next connection.
 */
import { ProtocolError } from '@sealane/shared/errors';
import type { CallServer, MessagingConnection } from './messaging-connection.ts';

export class EndingCalls {
  readonly #connection: MessagingConnection;
  readonly #ended = new AbortController();
  #isEnding = false;

  constructor(connection: MessagingConnection) {
    this.#connection = connection;
  }

  /** @throws ProtocolError `E_CANCELLED` when the client ends without a connection; what the call throws. */
  readonly call: CallServer = async (id, fields, options) => {
    if (this.#isEnding && !this.#connection.isConnected) throw new ProtocolError('E_CANCELLED');
    const signals = options?.signal === undefined ? [] : [options.signal];
    const signal = AbortSignal.any([...signals, this.#ended.signal]);
    return await this.#connection.call(id, fields, { ...options, signal });
  };

  /** The client ends. */
  end(): void {
    this.#isEnding = true;
    if (!this.#connection.isConnected) this.#ended.abort();
  }
}
