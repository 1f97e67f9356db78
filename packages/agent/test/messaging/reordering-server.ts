/** ReorderingServer: the handle of the product's server in a process of its own that hands out queues in another order. */
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

/** As its program says, which is the server's. */
export interface Disorder {
  readonly order?: 'reversed' | number;
  readonly itemsPerVisit?: number;
  readonly copies?: boolean;
  readonly losesCommits?: boolean;
}

const PROGRAM = fileURLToPath(new URL('../../../server/test/messaging/reordering-server.ts', import.meta.url));

export class ReorderingServer {
  readonly port: number;
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess, port: number) {
    this.#child = child;
    this.port = port;
  }

  static async start(dataDirectory: string): Promise<ReorderingServer> {
    const execArgv = ['--conditions=@sealane/source'];
    const child = fork(PROGRAM, [dataDirectory], { execArgv, stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
    const failed = once(child, 'exit').then(() => {
      throw new Error('the server ended');
    });
    const [{ port }] = (await Promise.race([once(child, 'message'), failed])) as [{ readonly port: number }];
    return new ReorderingServer(child, port);
  }

  /** From now on queues are handed out like this. */
  async tell(disorder: Disorder): Promise<void> {
    const told = once(this.#child, 'message');
    this.#child.send(disorder);
    await told;
  }

  async stop(): Promise<void> {
    const ended = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await ended;
  }
}
