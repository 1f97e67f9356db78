/**
 * `ws` over TLS. One-way: binary messages. Requests: 4 bytes of id in front of the body, which is the least that lets
 * answers find their requests. No compression.
 */
import { once } from 'node:events';
import { createServer } from 'node:https';
import { WebSocket, WebSocketServer } from 'ws';
import { HIGH_WATER_BYTES, type Connection, type Contender } from './contender.ts';
import { clientTls, listening, serverTls, type TlsUse } from './tls-sockets.ts';

const USE: TlsUse = { keys: 'p256', mutual: false };
const ID_BYTES = 4;

/** Servers of `requests` send every message back; those of `one-way` count. */
export function wss(kind: 'one-way' | 'requests'): Contender {
  return {
    async serve({ certificates }) {
      let received = 0;
      let established = 0;
      const server = createServer(serverTls(certificates, USE));
      const sockets = new WebSocketServer({ server, perMessageDeflate: false });
      sockets.on('connection', (socket) => {
        established += 1;
        socket.on('error', () => socket.terminate());
        if (kind === 'requests') socket.on('message', (message) => socket.send(message as Buffer));
        else {
          socket.on('message', () => {
            received += 1;
          });
        }
      });
      return { port: await listening(server), received: () => received, established: () => established };
    },

    async connect({ host, port, certificates }) {
      const url = `wss://${host}:${port}`;
      const socket = new WebSocket(url, { perMessageDeflate: false, ...clientTls(certificates, USE) });
      await once(socket, 'open');
      return connectionOf(socket);
    },
  };
}

function connectionOf(socket: WebSocket): Connection {
  const waiting = new Map<number, (size: number) => void>();
  let lastId = 0;
  socket.on('message', (message) => {
    const bytes = message as Buffer;
    const id = bytes.readUInt32BE(0);
    const onReply = waiting.get(id);
    waiting.delete(id);
    onReply?.(bytes.length - ID_BYTES);
  });
  return {
    send(body) {
      if (socket.bufferedAmount < HIGH_WATER_BYTES) {
        socket.send(body);
        return undefined;
      }
      return new Promise((resolve) => {
        socket.send(body, () => resolve());
      });
    },
    exchange(body, onReply) {
      lastId = (lastId + 1) % 0x1_0000_0000;
      const framed = Buffer.allocUnsafe(ID_BYTES + body.length);
      framed.writeUInt32BE(lastId, 0);
      framed.set(body, ID_BYTES);
      waiting.set(lastId, onReply);
      socket.send(framed);
    },
    heartbeat: () => socket.ping(),
    async close() {
      const closed = once(socket, 'close');
      socket.close();
      await closed;
    },
  };
}
