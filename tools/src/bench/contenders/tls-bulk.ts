/** `node:tls` bulk: a request of 9 bytes (direction, length), then nothing but the data. */
import type { TLSSocket } from 'node:tls';
import { BULK_PIECE_BYTES, type Contender } from './contender.ts';
import { connectTls, drained, endSocket, listenTls, serverTls, type TlsUse } from './tls-sockets.ts';

const REQUEST_BYTES = 9;
const DIRECTION = { up: 1, down: 2 } as const;

/** Bulk data over TLS as `use` says. */
export function tlsBulk(use: TlsUse): Contender {
  return {
    async serve({ certificates }) {
      let received = 0;
      let established = 0;
      const onBytes = (size: number): void => {
        received += size;
      };
      const port = await listenTls(serverTls(certificates, use), (socket) => {
        established += 1;
        serveOne(socket, onBytes);
      });
      return { port, received: () => received, established: () => established };
    },

    async connect(target) {
      const socket = await connectTls(target, use);
      return {
        async upload(bytes) {
          const acknowledged = new Promise<void>((resolve) => socket.once('data', () => resolve()));
          socket.write(request(DIRECTION.up, bytes));
          await writeBulk(socket, bytes);
          await acknowledged;
        },
        async download(bytes) {
          let came = 0;
          const whole = new Promise<void>((resolve) => {
            socket.on('data', (chunk: Buffer) => {
              came += chunk.length;
              if (came >= bytes) resolve();
            });
          });
          socket.write(request(DIRECTION.down, bytes));
          await whole;
          return came;
        },
        close: () => endSocket(socket),
      };
    },
  };
}

function serveOne(socket: TLSSocket, onBytes: (size: number) => void): void {
  let missing: number | undefined;
  socket.on('end', () => socket.end());
  socket.on('data', (chunk: Buffer) => {
    let size = chunk.length;
    if (missing === undefined) {
      const bytes = Number(chunk.readBigUInt64BE(1));
      if (chunk[0] === DIRECTION.down) {
        void writeBulk(socket, bytes);
        return;
      }
      missing = bytes;
      size -= REQUEST_BYTES;
    }
    missing -= size;
    onBytes(size);
    if (missing > 0) return;
    missing = undefined;
    socket.write(Buffer.alloc(1));
  });
}

function request(direction: number, bytes: number): Buffer {
  const head = Buffer.alloc(REQUEST_BYTES);
  head[0] = direction;
  head.writeBigUInt64BE(BigInt(bytes), 1);
  return head;
}

async function writeBulk(socket: TLSSocket, bytes: number): Promise<void> {
  const piece = Buffer.alloc(BULK_PIECE_BYTES, 0x5a);
  for (let left = bytes; left > 0 && !socket.destroyed; left -= piece.length) {
    const goesOn = socket.write(left < piece.length ? piece.subarray(0, left) : piece);
    if (!goesOn) await drained(socket);
  }
}
