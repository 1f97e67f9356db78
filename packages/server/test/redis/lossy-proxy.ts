/** A TCP proxy before Redis that swallows answers when told to, and cuts. Not part of the product. */
import { createConnection, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

export class LossyProxy {
  /** Whether answers are swallowed. */
  isLossy = false;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(targetPort: number) {
    this.#server = createServer((client) => {
      const target = createConnection(targetPort, '127.0.0.1');
      client.on('data', (chunk) => target.write(chunk));
      target.on('data', (chunk) => {
        if (!this.isLossy) client.write(chunk);
      });
      for (const socket of [client, target]) {
        this.#sockets.add(socket);
        socket.on('error', () => undefined);
        socket.on('close', () => {
          this.#sockets.delete(socket);
          client.destroy();
          target.destroy();
        });
      }
    });
  }

  static async start(targetPort: number): Promise<LossyProxy> {
    const proxy = new LossyProxy(targetPort);
    await new Promise<void>((resolve) => proxy.#server.listen(0, '127.0.0.1', resolve));
    return proxy;
  }

  get url(): string {
    return `redis://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Cuts all connections; new ones are taken. */
  cut(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  stop(): void {
    this.#server.close();
    this.cut();
  }
}
