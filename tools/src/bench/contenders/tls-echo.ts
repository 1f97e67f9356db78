/** `node:tls` bare echo: bytes come back as they are, without framing. What any protocol over TLS is at most. */
import type { Connection, Contender } from './contender.ts';
import { connectTls, endSocket, listenTls, serverTls, type TlsUse } from './tls-sockets.ts';

/** One byte there and back, as often as the others send theirs. */
const HEARTBEAT = new Uint8Array(1);

/** A bare echo over TLS as `use` says. */
export function tlsEcho(use: TlsUse): Contender {
  return {
    async serve({ certificates }) {
      let established = 0;
      const port = await listenTls(serverTls(certificates, use), (socket) => {
        established += 1;
        socket.on('data', (chunk: Buffer) => socket.write(chunk));
        socket.on('end', () => socket.end());
      });
      return { port, received: () => 0, established: () => established };
    },

    async connect(target) {
      const socket = await connectTls(target, use);
      let missing = 0;
      let onWhole: (() => void) | undefined;
      socket.on('data', (chunk: Buffer) => {
        missing -= chunk.length;
        if (missing > 0) return;
        const settle = onWhole;
        onWhole = undefined;
        settle?.();
      });
      const connection: Connection = {
        exchange(body, onReply) {
          if (onWhole !== undefined) throw new TypeError('without framing one message at a time can be told apart');
          missing = body.length;
          onWhole = () => onReply(body.length);
          socket.write(body);
        },
        heartbeat: () => socket.write(HEARTBEAT),
        close: () => endSocket(socket),
      };
      return connection;
    },
  };
}
