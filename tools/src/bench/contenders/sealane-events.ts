/** Sealane's durable events as a user has them: the store of one process in a file, events addressed to agents. */
import { join } from 'node:path';
import { connect, type Agent } from '@sealane/agent';
import { createServer } from '@sealane/server';
import { NO_READER, type Connection, type Contender, type Target } from './contender.ts';

/** The bench stores more than anybody lets pile up. */
const QUEUE_LIMITS = { eventsMax: 100_000_000, bytesMax: 2 ** 40 };

export const sealaneEvents: Contender = {
  async serve({ directory }) {
    let established = 0;
    const store = `sqlite:${join(directory, 'events.db')}`;
    const server = createServer({ dataDirectory: directory, port: 0, store, queueLimits: QUEUE_LIMITS });
    server.on('agent-connected', () => {
      established += 1;
    });
    const { port, fingerprint } = await server.listen();
    return { port, fingerprint, received: () => 0, established: () => established };
  },

  async connect(target, index) {
    if (index === 0) await (await connectAgent(target, NO_READER)).close();
    return connectionOf(await connectAgent(target, index), index);
  },
};

const nameOf = (index: number): string => (index === NO_READER ? 'bench-away' : `bench-${index}`);

function connectAgent({ host, port, fingerprint }: Target, index: number): Promise<Agent> {
  return connect({ server: { host, port }, serverKey: fingerprint, id: nameOf(index) });
}

function connectionOf(agent: Agent, index: number): Connection {
  return {
    reader: index,
    publish(reader, body, onStored) {
      agent.publish(`agent:${nameOf(reader)}`, body, { timeoutMs: 0 }).then(onStored, (error: unknown) => {
        process.nextTick(() => {
          throw error;
        });
      });
    },
    async read(onEvent) {
      await agent.subscribe(null, ({ body }) => onEvent(body)).ready;
    },
    close: () => agent.close(),
  };
}
