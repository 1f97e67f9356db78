/**
 * `node:tls` with length-prefixed msgpackr messages, as a careful user writes it: one buffer a message (msgpackr leaves
 * room for the prefix), and everything of one burst corked into one write.
 *
 * One-way: `[name, body]`; request and response: `[id, name, body]` and `[id, body]`.
 */
import type { TLSSocket } from 'node:tls';
import { Packr } from 'msgpackr';
import { HIGH_WATER_BYTES, type Connection, type Contender } from './contender.ts';
import { connectTls, drained, endSocket, listenTls, serverTls, type TlsUse } from './tls-sockets.ts';

const USE: TlsUse = { keys: 'p256', mutual: false };
const PREFIX_BYTES = 4;
/** msgpackr's `RESERVE_START_SPACE`: the low bits say how many bytes to leave free. */
const RESERVE_START = 2_048;
const NAME = 'event';

type Message =
  | [name: string, body: Uint8Array]
  | [id: number, name: string, body: Uint8Array]
  | [id: number, body: Uint8Array];

export const tlsMsgpackr: Contender = {
  async serve({ certificates }) {
    let received = 0;
    let established = 0;
    const port = await listenTls(serverTls(certificates, USE), (socket) => {
      established += 1;
      const peer = new MessageSocket(socket, (message) => {
        if (typeof message[0] === 'string') received += 1;
        else peer.send([message[0], message[2] as Uint8Array]);
      });
      socket.on('end', () => socket.end());
    });
    return { port, received: () => received, established: () => established };
  },

  async connect(target) {
    const socket = await connectTls(target, USE);
    const waiting = new Map<number, (size: number) => void>();
    let lastId = 0;
    const peer = new MessageSocket(socket, ([id, body]) => {
      const onReply = waiting.get(id as number);
      waiting.delete(id as number);
      onReply?.((body as Uint8Array).length);
    });
    const connection: Connection = {
      send(body) {
        peer.send([NAME, body]);
        return socket.writableLength < HIGH_WATER_BYTES ? undefined : peer.drained();
      },
      endBurst: () => peer.flush(),
      exchange(body, onReply) {
        lastId += 1;
        waiting.set(lastId, onReply);
        peer.send([lastId, NAME, body]);
      },
      close: () => endSocket(socket),
    };
    return connection;
  },
};

/** A socket that carries whole messages. */
class MessageSocket {
  readonly #socket: TLSSocket;
  readonly #packr = new Packr({ useRecords: false });
  readonly #onMessage: (message: Message) => void;
  #partial: Buffer | undefined;
  #isCorked = false;

  constructor(socket: TLSSocket, onMessage: (message: Message) => void) {
    this.#socket = socket;
    this.#onMessage = onMessage;
    socket.on('data', (chunk: Buffer) => {
      this.#receive(chunk);
    });
  }

  send(message: Message): void {
    const frame = this.#packr.pack(message, RESERVE_START | PREFIX_BYTES);
    frame.writeUInt32BE(frame.length - PREFIX_BYTES, 0);
    this.#cork();
    this.#socket.write(frame);
  }

  flush(): void {
    if (!this.#isCorked) return;
    this.#isCorked = false;
    this.#socket.uncork();
  }

  async drained(): Promise<void> {
    this.flush();
    if (this.#socket.writableNeedDrain) await drained(this.#socket);
  }

  #cork(): void {
    if (this.#isCorked) return;
    this.#isCorked = true;
    this.#socket.cork();
    process.nextTick(() => {
      this.flush();
    });
  }

  #receive(chunk: Buffer): void {
    const bytes = this.#partial === undefined ? chunk : Buffer.concat([this.#partial, chunk]);
    let offset = 0;
    while (bytes.length - offset >= PREFIX_BYTES) {
      const end = offset + PREFIX_BYTES + bytes.readUInt32BE(offset);
      if (end > bytes.length) break;
      this.#onMessage(this.#packr.unpack(bytes.subarray(offset + PREFIX_BYTES, end)) as Message);
      offset = end;
    }
    this.#partial = offset === bytes.length ? undefined : bytes.subarray(offset);
  }
}
