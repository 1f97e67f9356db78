/** Several server processes on one Redis with one identity: a fleet, as an operator runs it. Not part of the product. */
import { cpSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { RedisServer } from '../redis-server.ts';
import { ServerProcess } from '../server-process.ts';
import { temporaryDirectory } from '../temporary-directory.ts';
import { adminApi, type AdminApi } from '../torture/admin-api.ts';

/** A node of the fleet. */
export interface FleetNode {
  readonly process: ServerProcess;
  readonly port: number;
  readonly admin: AdminApi;
}

export class NodeFleet {
  readonly redis: RedisServer;
  readonly directory = temporaryDirectory();
  readonly #processes: ServerProcess[] = [];

  private constructor(redis: RedisServer) {
    this.redis = redis;
  }

  static async start(): Promise<NodeFleet> {
    return new NodeFleet(await RedisServer.start());
  }

  /**
   * Starts a node, the first with a new identity, the others with a copy of it.
   *
   * @param options.url where it reaches Redis, such as through a proxy.
   * @param options.words more flags.
   * @param options.adminPort a known one: then it tells other nodes where it says that it is ready.
   */
  async node(
    name: string,
    options: {
      readonly url?: string;
      readonly port?: number;
      readonly adminPort?: number;
      readonly words?: readonly string[];
    } = {},
  ): Promise<FleetNode> {
    const { url = this.redis.url, port = 0, adminPort = 0, words = [] } = options;
    const data = join(this.directory, name);
    const first = join(this.directory, 'first', 'identity.key');
    if (name !== 'first') {
      mkdirSync(data, { recursive: true, mode: 0o700 });
      cpSync(first, join(data, 'identity.key'), { preserveTimestamps: true });
    }
    const flags = ['--data-dir', data, '--store', url, '--admin-port', String(adminPort), '--enrolment', 'open'];
    if (adminPort > 0) flags.push('--health-url', `http://127.0.0.1:${adminPort}/readyz`);
    const process = await ServerProcess.start([...flags, ...words], { port });
    this.#processes.push(process);
    return { process, port: process.port, admin: adminApi(process, data) };
  }

  async stop(): Promise<void> {
    for (const { child } of this.#processes) child.kill('SIGKILL');
    await Promise.all(this.#processes.map(({ result }) => result));
    await this.redis.stop();
    rmSync(this.directory, { recursive: true, force: true });
  }
}
