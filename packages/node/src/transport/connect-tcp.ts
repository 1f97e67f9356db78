/** connectTcp: every way to fail has its own code and a sentence that says what to look at. */
import { connect, type Socket } from 'node:net';
import { TransportError } from '@sealane/shared/errors';

/** Where to connect, and how long to try. */
export interface ConnectTcpOptions {
  readonly host: string;
  readonly port: number;
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
  /** Takes what arrives (borrowed for the call). */
  readonly onBytes: (bytes: Uint8Array) => void;
}

/** Holds the largest frame, so that few frames span two reads. */
const READ_BUFFER_BYTES = 262_144;

/** One buffer for all connections of this side: what arrives in it is used up before the next read. */
const readBuffer = Buffer.allocUnsafeSlow(READ_BUFFER_BYTES);

/**
 * Opens a TCP connection; both address families are tried in turn (RFC 8305).
 *
 * @returns the connected socket; its bytes come through `onBytes`, not as `data` events.
 * @throws TransportError `E_ADDRESS` for a name that cannot be resolved, `E_UNREACHABLE` where nothing takes
 *   the connection in time, `E_CLOSED` when the signal is aborted.
 */
export function connectTcp(options: ConnectTcpOptions): Promise<Socket> {
  const { host, port, timeoutMs, signal, onBytes } = options;
  return new Promise((resolve, reject) => {
    const socket = connect({
      host,
      port,
      noDelay: true,
      autoSelectFamily: true,
      onread: {
        buffer: () => readBuffer,
        callback: (size, buffer) => {
          onBytes(buffer.subarray(0, size));
          return true;
        },
      },
    });
    const timer = setTimeout(() => {
      fail(new TransportError('E_UNREACHABLE', `no answer from ${show(host, port)} within ${timeoutMs} ms`));
    }, timeoutMs);
    const onAbort = (): void => fail(new TransportError('E_CLOSED', 'the attempt to connect was given up'));
    const settle = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
      socket.removeListener('error', onError);
    };
    const fail = (error: Error): void => {
      settle();
      socket.on('error', () => undefined);
      socket.destroy();
      reject(error);
    };
    const onError = (error: NodeJS.ErrnoException): void => fail(transportError(error, host, port));
    socket.on('error', onError);
    socket.once('connect', () => {
      settle();
      resolve(socket);
    });
    if (signal?.aborted === true) onAbort();
    else signal?.addEventListener('abort', onAbort, { once: true });
  });
}

function transportError(error: NodeJS.ErrnoException, host: string, port: number): TransportError {
  const where = show(host, port);
  switch (rootCode(error)) {
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
    case 'EAI_FAIL':
      return new TransportError('E_ADDRESS', `The name "${host}" cannot be resolved`, { cause: error });
    case 'ECONNREFUSED':
      return new TransportError('E_UNREACHABLE', `Nothing listens on ${where}`, { cause: error });
    case 'ETIMEDOUT':
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
      return new TransportError('E_UNREACHABLE', `No way to ${where}`, { cause: error });
    default:
      return new TransportError('E_UNREACHABLE', `${where} cannot be reached (${error.code ?? error.message})`, {
        cause: error,
      });
  }
}

/** With two address families tried, the first attempt's error says why. */
function rootCode(error: NodeJS.ErrnoException): string | undefined {
  if (error instanceof AggregateError) return (error.errors[0] as NodeJS.ErrnoException | undefined)?.code;
  return error.code;
}

/** `host:port`, with an IPv6 address in brackets. */
function show(host: string, port: number): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}
