/** Sealane as a user has it: `createServer` of the server library and `connect` of the agent library, pinned identity. */
import { connect } from '@sealane/agent';
import { createServer, type Server } from '@sealane/server';
import {
  BULK_PIECE_BYTES,
  type Connection,
  type Contender,
  type ServerSetup,
  type Serving,
  type Target,
} from './contender.ts';

const NOTIFICATION = 'event';
const REQUEST = 'echo';
const UPLOAD = 'upload';
const DOWNLOAD = 'download';

/** A server with one handler for each load. Requests nobody handles are echoed by the server itself. */
export async function serveSealane({ directory }: ServerSetup): Promise<Serving> {
  let received = 0;
  let established = 0;
  const server = createServer({ dataDirectory: directory, port: 0 });
  server.handleNotification(NOTIFICATION, () => {
    received += 1;
  });
  handleBulk(server, (size) => {
    received += size;
  });
  server.on('agent-connected', () => {
    established += 1;
  });
  const { port, fingerprint } = await server.listen();
  return { port, fingerprint, received: () => received, established: () => established };
}

function handleBulk(server: Server, onBytes: (size: number) => void): void {
  server.handleStream(UPLOAD, async (stream) => {
    for await (const piece of stream) onBytes(piece.length);
    stream.end();
  });
  server.handleStream(DOWNLOAD, async (stream) => {
    const bytes = Number(Buffer.from(stream.metadata).readBigUInt64BE(0));
    await writeBulk((piece) => stream.write(piece), bytes);
    stream.end();
  });
}

async function writeBulk(write: (piece: Uint8Array) => Promise<void>, bytes: number): Promise<void> {
  const piece = new Uint8Array(BULK_PIECE_BYTES).fill(0x5a);
  for (let left = bytes; left > 0; left -= piece.length)
    await write(left < piece.length ? piece.subarray(0, left) : piece);
}

async function connectAgent({ host, port, fingerprint }: Target, index: number): Promise<Connection> {
  const options = { server: { host, port }, serverKey: fingerprint, id: `bench-${index}`, reconnect: false };
  const agent = await connect(options);
  return {
    send: (body) => agent.send(NOTIFICATION, body),
    exchange(body, onReply) {
      agent.request(REQUEST, body).then(
        (reply) => onReply(reply.body.length),
        (error: unknown) => {
          process.nextTick(() => {
            throw error;
          });
        },
      );
    },
    async upload(bytes) {
      const stream = await agent.openStream(UPLOAD);
      await writeBulk((piece) => stream.write(piece), bytes);
      stream.end();
      while ((await stream.read()) !== undefined);
    },
    async download(bytes) {
      const metadata = Buffer.alloc(8);
      metadata.writeBigUInt64BE(BigInt(bytes));
      const stream = await agent.openStream(DOWNLOAD, { metadata });
      let came = 0;
      for await (const piece of stream) came += piece.length;
      stream.end();
      return came;
    },
    close: () => agent.close(),
  };
}

export const sealane: Contender = { serve: serveSealane, connect: connectAgent };
