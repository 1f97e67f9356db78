/** A server for tests: in this process, on a free port and a directory of its own. Not part of the product. */
import { rmSync } from 'node:fs';
import { createServer, type Server, type ServerOptions } from '../src/index.ts';
import { temporaryDirectory } from './temporary-directory.ts';

export { eventually } from './eventually.ts';
export { temporaryDirectory } from './temporary-directory.ts';

export class TestServer {
  readonly library: Server;
  readonly directory: string;
  port = 0;
  fingerprint = '';

  private constructor(library: Server, directory: string) {
    this.library = library;
    this.directory = directory;
  }

  static async start(options: Partial<ServerOptions> = {}): Promise<TestServer> {
    const directory = options.dataDirectory ?? temporaryDirectory();
    const library = createServer({ host: '127.0.0.1', port: 0, ...options, dataDirectory: directory });
    const server = new TestServer(library, directory);
    const { port, fingerprint } = await library.listen().catch((error: unknown) => {
      if (options.dataDirectory === undefined) rmSync(directory, { recursive: true, force: true });
      throw error;
    });
    server.port = port;
    server.fingerprint = fingerprint;
    return server;
  }

  /** Ends it and removes its directory. */
  async stop(): Promise<void> {
    await this.library.close();
    rmSync(this.directory, { recursive: true, force: true });
  }
}
