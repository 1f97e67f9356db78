/** Pair: a server process and a client process of one contender, for one run; both are gone afterwards. */
import { temporaryFolder } from '../../ending/temporary-folder.ts';
import type { Certificates, ContenderName } from '../contenders/index.ts';
import { Child } from './child.ts';

/** What a run is made with. */
export interface PairOptions {
  readonly contender: ContenderName;
  readonly certificates: Certificates | undefined;
  /** Connections made before the work starts. */
  readonly connections: number;
  /** Many connections go to several loopback addresses, so that ports do not run short. */
  readonly hosts?: readonly string[];
  readonly exposeGc?: boolean;
}

/** A running pair. */
export interface Pair {
  readonly server: Child;
  readonly client: Child;
  /** Makes so many more connections. */
  readonly connectMore: (connections: number) => Promise<number>;
}

const HOSTS = ['127.0.0.1'];

/** Runs `work` with a fresh pair. */
export async function withPair<Result>(options: PairOptions, work: (pair: Pair) => Promise<Result>): Promise<Result> {
  const { contender, certificates, connections, hosts = HOSTS, exposeGc = false } = options;
  const folder = temporaryFolder('sealane-bench-');
  const server = new Child({ exposeGc });
  const client = new Child();
  try {
    const where = await server.call('serve', contender, { directory: folder.path, certificates });
    const target = { host: '127.0.0.1', ...where, certificates };
    const connectMore = (count: number): Promise<number> => client.call('connect', contender, target, hosts, count);
    await connectMore(connections);
    return await work({ server, client, connectMore });
  } finally {
    await client.end();
    await server.end();
    folder.remove();
  }
}
