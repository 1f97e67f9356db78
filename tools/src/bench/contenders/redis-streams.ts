/**
 * Redis Streams, over plain TCP: one stream for each reader, with a consumer group, whose reader acks what it was given
 * with its next read. Redis knows no repetition: there is no dedup to switch on.
 */
import { RESP_TYPES, createClient } from 'redis';
import type { Connection, Contender, Target } from './contender.ts';
import { freePort, startProgram } from './program.ts';

const GROUP = 'bench';
const READ_COUNT = 256;
const BODY = 'body';

type Client = Awaited<ReturnType<typeof connectClient>>;

/** @param fsync `always` is as safe as it gets, `everysec` the default of its append-only file. */
export function redisStreams(fsync: 'always' | 'everysec'): Contender {
  return {
    async serve({ directory }) {
      const port = await freePort();
      const persistence = ['--appendonly', 'yes', '--appendfsync', fsync, '--save', ''];
      const args = ['--port', String(port), '--dir', directory, '--maxclients', '20000', ...persistence];
      const { cpuUs } = await startProgram({ command: 'redis-server', args, debianPackage: 'redis-server', port });
      return { port, received: () => 0, established: () => 0, cpuUs };
    },
    async connect(target, index) {
      return connectionOf(await connectClient(target), index);
    },
  };
}

async function connectClient({ host, port }: Target) {
  const client = createClient({ socket: { host, port } }).withTypeMapping({ [RESP_TYPES.BLOB_STRING]: Buffer });
  client.on('error', () => undefined);
  await client.connect();
  return client;
}

const streamOf = (reader: number): string => `reader:${reader}`;

function connectionOf(client: Client, index: number): Connection {
  let isClosed = false;
  return {
    reader: index,
    publish(reader, body, onStored) {
      client.xAdd(streamOf(reader), '*', { [BODY]: body as Buffer }).then(onStored, (error: unknown) => {
        if (!isClosed) throw error;
      });
    },
    async read(onEvent) {
      await client.xGroupCreate(streamOf(index), GROUP, '$', { MKSTREAM: true });
      void readForever(client, index, onEvent).catch((error: unknown) => {
        if (!isClosed) throw error;
      });
    },
    close() {
      isClosed = true;
      client.destroy();
      return Promise.resolve();
    },
  };
}

async function readForever(client: Client, index: number, onEvent: (body: Uint8Array) => void): Promise<void> {
  const stream = streamOf(index);
  for (;;) {
    const streams = await client.xReadGroup(GROUP, 'reader', { key: stream, id: '>' }, { COUNT: READ_COUNT, BLOCK: 0 });
    const ids: Buffer[] = [];
    for (const { messages } of (streams ?? []) as unknown as readonly StreamReply[]) {
      for (const { id, message } of messages) {
        ids.push(id);
        onEvent(message[BODY]);
      }
    }
    // Goes out together with the next read.
    if (ids.length > 0) void client.xAck(stream, GROUP, ids);
  }
}

/** An answer as it is with the type mapping of this client. */
interface StreamReply {
  readonly messages: readonly { readonly id: Buffer; readonly message: { readonly [BODY]: Buffer } }[];
}
