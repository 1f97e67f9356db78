/** A bare TCP peer for tests: sends what it is told and remembers what comes. Not part of the product. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { errorByNumber, type ErrorCode } from '@sealane/shared/errors';
import { readRejected } from '@sealane/shared/handshake';

export class RawPeer {
  readonly socket: Socket;
  readonly ended: Promise<void>;
  received = Buffer.alloc(0);

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.on('error', () => undefined);
    socket.on('data', (chunk: Buffer) => (this.received = Buffer.concat([this.received, chunk])));
    this.ended = once(socket, 'close').then(() => undefined);
  }

  static async connect(
    port: number,
    options: { readonly host?: string; readonly from?: string } = {},
  ): Promise<RawPeer> {
    const { host = '127.0.0.1', from } = options;
    const socket = connect({ host, port, ...(from !== undefined && { localAddress: from }) });
    await once(socket, 'connect');
    return new RawPeer(socket);
  }

  send(bytes: Uint8Array | string): this {
    this.socket.write(bytes);
    return this;
  }

  /** The code of a 0x04 that came, with its retry time. */
  get rejection(): { readonly code: ErrorCode | undefined; readonly retryAfterMs: number } | undefined {
    if (this.received.length !== 11 || this.received[4] !== 0x04) return undefined;
    const { number, retryAfterMs } = readRejected(this.received.subarray(4));
    return { code: errorByNumber(number), retryAfterMs };
  }
}

/** Milliseconds until the server ends the connection. */
export async function timeUntilEnd(peer: RawPeer): Promise<number> {
  const start = performance.now();
  await peer.ended;
  return performance.now() - start;
}
