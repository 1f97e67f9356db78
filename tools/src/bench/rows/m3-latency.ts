/**
 * M3: one message at a time from an agent through the server to another agent, both on their disks, all three in one process: from
 * the call that sends to the moment at which the other one's program has it. Events are the same way without the encryption
 * between the two ends.
 */
import { join } from 'node:path';
import { connect, openMessaging, type Agent, type MessagingClient } from '@sealane/agent';
import { createServer, type Server } from '@sealane/server';
import { temporaryFolder, type TemporaryFolder } from '../../ending/temporary-folder.ts';
import { percentile } from '../report/statistics.ts';
import { OURS, type Figures, type RunSettings, type Series } from './series.ts';

const TEXT = 'x'.repeat(100);
const WARM_UP = 20;
const PASSWORD = 'correct horse battery';

/** A server, two agents, and the folders of all three. */
class Trio {
  readonly server: Server;
  readonly agents: readonly [Agent, Agent];
  readonly #folder: TemporaryFolder;
  readonly #ends: (() => Promise<void>)[] = [];

  private constructor(folder: TemporaryFolder, server: Server, agents: readonly [Agent, Agent]) {
    this.#folder = folder;
    this.server = server;
    this.agents = agents;
  }

  static async start(): Promise<Trio> {
    const folder = temporaryFolder('sealane-bench-');
    const server = createServer({ dataDirectory: join(folder.path, 'server'), host: '127.0.0.1', port: 0 });
    const { port } = await server.listen();
    const agent = (name: string): Promise<Agent> =>
      connect({ server: `127.0.0.1:${port}`, dataDir: join(folder.path, name), id: name });
    return new Trio(folder, server, [await agent('ada-1'), await agent('bob-1')]);
  }

  async messaging(index: 0 | 1, username: string): Promise<MessagingClient> {
    const agent = this.agents[index];
    const client = await openMessaging(agent, { dataDir: join(this.#folder.path, agent.id ?? ''), receipts: 'none' });
    this.#ends.push(() => client.close());
    await client.accounts.register(username, { password: PASSWORD });
    await client.listen();
    return client;
  }

  async end(): Promise<void> {
    for (const end of this.#ends) await end();
    for (const agent of this.agents) await agent.close();
    await this.server.close();
    this.#folder.remove();
  }
}

async function measureMessages({ seconds }: RunSettings): Promise<Figures> {
  const trio = await Trio.start();
  try {
    const [ada, bob] = [await trio.messaging(0, 'ada'), await trio.messaging(1, 'bob')];
    let arrived = Promise.withResolvers<undefined>();
    bob.on('event', (event) => {
      if (event.type === 'message' && !event.message.isOwn) arrived.resolve(undefined);
    });
    const conversation = await ada.conversationWith('bob');
    return await latencies(seconds, async () => {
      arrived = Promise.withResolvers();
      await ada.send(conversation, { text: TEXT });
      await arrived.promise;
    });
  } finally {
    await trio.end();
  }
}

async function measureEvents({ seconds }: RunSettings): Promise<Figures> {
  const trio = await Trio.start();
  try {
    const [from, to] = trio.agents;
    let arrived = Promise.withResolvers<undefined>();
    await to.subscribe(null, () => arrived.resolve(undefined)).ready;
    return await latencies(seconds, async () => {
      arrived = Promise.withResolvers();
      await from.publish(`agent:${to.id ?? ''}`, TEXT);
      await arrived.promise;
    });
  } finally {
    await trio.end();
  }
}

async function latencies(seconds: number, once: () => Promise<void>): Promise<Figures> {
  for (let index = 0; index < WARM_UP; index++) await once();
  const all: number[] = [];
  const endsAt = performance.now() + seconds * 1_000;
  while (performance.now() < endsAt) {
    const startedAt = performance.now();
    await once();
    all.push(performance.now() - startedAt);
  }
  all.sort((one, other) => one - other);
  return { p50: percentile(all, 50), p99: percentile(all, 99) };
}

export const latency: readonly Series[] = [
  {
    row: 'M3',
    variant: 'agent to server to agent, 100 B',
    figures: [
      { name: 'p50', unit: 'ms' },
      { name: 'p99', unit: 'ms' },
    ],
    participants: [
      { name: OURS, contender: undefined, measure: measureMessages },
      { name: 'events, not sealed', contender: undefined, measure: measureEvents },
    ],
    aims: [{ figure: 'p50', against: 'events, not sealed', relation: 'at most', value: 5 }],
  },
];
