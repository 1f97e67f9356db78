/** socket.io, websocket transport only (no polling), binary bodies, answers by acknowledgement; with and without TLS. */
import { once } from 'node:events';
import { createServer as createHttpServer } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { Server } from 'socket.io';
import { io } from 'socket.io-client';
import type { Contender } from './contender.ts';
import { clientTls, listening, serverTls, type TlsUse } from './tls-sockets.ts';

const USE: TlsUse = { keys: 'p256', mutual: false };

/** socket.io over TLS, or over plain TCP. */
export function socketIo(transport: 'tls' | 'tcp'): Contender {
  return {
    async serve({ certificates }) {
      let established = 0;
      const http = transport === 'tls' ? createHttpsServer(serverTls(certificates, USE)) : createHttpServer();
      const server = new Server(http, { transports: ['websocket'], perMessageDeflate: false });
      server.on('connection', (socket) => {
        established += 1;
        socket.on('echo', (body: Buffer, acknowledge: (body: Buffer) => void) => acknowledge(body));
      });
      return { port: await listening(http), received: () => 0, established: () => established };
    },

    async connect({ host, port, certificates }) {
      const scheme = transport === 'tls' ? 'https' : 'http';
      const tls = transport === 'tls' ? { ca: clientTls(certificates, USE).ca.toString() } : {};
      const socket = io(`${scheme}://${host}:${port}`, { transports: ['websocket'], reconnection: false, ...tls });
      await Promise.race([
        once(socket as unknown as NodeJS.EventEmitter, 'connect'),
        once(socket as unknown as NodeJS.EventEmitter, 'connect_error').then(([error]) => {
          throw error as Error;
        }),
      ]);
      return {
        exchange(body, onReply) {
          socket.emit('echo', body, (reply: Buffer) => onReply(reply.length));
        },
        close() {
          socket.close();
          return Promise.resolve();
        },
      };
    },
  };
}
