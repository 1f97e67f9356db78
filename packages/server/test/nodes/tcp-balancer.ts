/** A load balancer for tests: one port before several nodes, in turn, without those that refuse. Not part of the product. */
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

export class TcpBalancer {
  readonly #server: Server;
  readonly #targets: number[];
  readonly #sockets = new Set<Socket>();
  #next = 0;

  private constructor(targets: readonly number[]) {
    this.#targets = [...targets];
    this.#server = createServer((near) => this.#pass(near, this.#targets.length));
  }

  /** @param targets ports on 127.0.0.1. */
  static async start(targets: readonly number[]): Promise<TcpBalancer> {
    const balancer = new TcpBalancer(targets);
    await new Promise<void>((resolve) => balancer.#server.listen(0, '127.0.0.1', resolve));
    return balancer;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** New connections go to these from now on. */
  use(targets: readonly number[]): void {
    this.#targets.splice(0, this.#targets.length, ...targets);
  }

  stop(): void {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
  }

  #pass(near: Socket, attempts: number): void {
    const far = connect(this.#targets[this.#next++ % this.#targets.length] ?? 0, '127.0.0.1');
    let isOpen = false;
    near.on('error', () => undefined);
    far.on('error', () => {
      if (isOpen || attempts <= 1) near.destroy();
      else this.#pass(near, attempts - 1);
    });
    far.once('connect', () => {
      isOpen = true;
      near.pipe(far).pipe(near);
      for (const [one, other] of [
        [near, far],
        [far, near],
      ] as const) {
        this.#sockets.add(one);
        one.once('close', () => {
          this.#sockets.delete(one);
          other.destroy();
        });
      }
    });
  }
}
