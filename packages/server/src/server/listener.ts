/** The listening socket: opening it with errors that say what to do, closing it. What connects is passed on. */
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { explained } from '@sealane/node/config';
import { ConfigError, TransportError } from '@sealane/shared/errors';
import type { Logger } from '@sealane/node/log';
import type { ListeningSocket, ServerOptions } from '../config/index.ts';

/** Connections that wait to be taken; the system cuts it to its own maximum. */
const BACKLOG = 4_096;

export interface ListenerOptions {
  readonly onSocket: (socket: Socket) => void;
  /** A connection could not be taken, such as without file descriptors; the next one is tried. */
  readonly onError: (error: Error) => void;
  /** Nothing is read of connections: they go to another process. */
  readonly pauseOnConnect?: boolean;
}

/** @throws TransportError `E_PORT_BUSY` or `E_ADDRESS`, ConfigError `E_CONFIG`. */
export function openListener(
  where: { readonly host: string; readonly port: number },
  { onSocket, onError: onAcceptError, pauseOnConnect = false }: ListenerOptions,
): Promise<ListeningSocket> {
  const { host, port } = where;
  return new Promise((resolve, reject) => {
    const server = createServer({ noDelay: true, pauseOnConnect }, onSocket);
    const onError = (error: NodeJS.ErrnoException): void => {
      reject(listenError(error, host, port));
    };
    server.once('error', onError);
    server.listen({ host, port, backlog: BACKLOG }, () => {
      server.off('error', onError);
      // A failing accept must not end the process.
      server.on('error', onAcceptError);
      const { address, port: taken } = server.address() as AddressInfo;
      resolve({ host: address, port: taken, close: () => void server.close() });
    });
  });
}

function listenError(error: NodeJS.ErrnoException, host: string, port: number): Error {
  const details = { cause: error };
  switch (error.code) {
    case 'EADDRINUSE': {
      const busy = new TransportError('E_PORT_BUSY', `Port ${port} on ${host} is taken by another program`, details);
      return explained(busy, { next: 'Choose another --port (0 takes a free one), or end the other program.' });
    }
    case 'EACCES':
      return new ConfigError('E_CONFIG', `This user may not listen on port ${port}`, details);
    case 'EADDRNOTAVAIL':
      return new ConfigError('E_CONFIG', `This machine does not have the address ${host}`, details);
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return new TransportError('E_ADDRESS', `The name "${host}" cannot be resolved`, details);
    default:
      return error;
  }
}

/** Connections from where the options say: a port, or what another process hands over. @throws TransportError. */
export function listenFor(
  onSocket: (socket: Socket) => void,
  options: Pick<ServerOptions, 'socketSource' | 'host' | 'port'> & { readonly log: Logger },
): Promise<ListeningSocket> {
  const { socketSource, host = '0.0.0.0', port = 1337, log } = options;
  if (socketSource !== undefined) return socketSource.open(onSocket);
  const onError = (error: Error): void => log.error('a connection could not be taken', { error });
  return openListener({ host, port }, { onSocket, onError });
}
