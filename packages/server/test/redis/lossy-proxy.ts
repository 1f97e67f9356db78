/**
 * A TCP proxy before Redis that swallows answers when told to, holds requests or answers back, and cuts. Not part of the
 * product.
 */
import { createConnection, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

export class LossyProxy {
  /** Whether answers are swallowed. */
  isLossy = false;
  /** What is held back until `deliver`, as by a network that sends it again and again. */
  holds: 'requests' | 'answers' | undefined;
  #held: (() => void)[] = [];
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #clients = new Set<Socket>();

  private constructor(targetPort: number) {
    this.#server = createServer((client) => {
      const target = createConnection(targetPort, '127.0.0.1');
      client.on('data', (chunk) => {
        this.#pass('requests', () => target.write(chunk));
      });
      target.on('data', (chunk) => {
        if (!this.isLossy) this.#pass('answers', () => client.write(chunk));
      });
      this.#clients.add(client);
      client.on('close', () => this.#clients.delete(client));
      for (const [socket, other] of [
        [client, target],
        [target, client],
      ] as const) {
        this.#sockets.add(socket);
        socket.on('error', () => undefined);
        socket.on('close', () => {
          this.#sockets.delete(socket);
          this.#pass('requests', () => other.destroy());
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

  /** What was held back arrives, in its order. */
  deliver(): void {
    this.keepHeld()();
  }

  /** Holds nothing back any more. @returns what lets arrive what was held so far. */
  keepHeld(): () => void {
    const held = this.#held.splice(0);
    this.holds = undefined;
    return () => {
      for (const pass of held) pass();
    };
  }

  /** Nodes find their connections cut; Redis does not. */
  cutClients(): void {
    for (const socket of this.#clients) socket.destroy();
  }

  stop(): void {
    this.#server.close();
    this.deliver();
    this.cut();
  }

  #pass(what: 'requests' | 'answers', pass: () => void): void {
    if (this.holds === what) this.#held.push(pass);
    else pass();
  }
}
