/** A store in memory promises nothing that outlives its process. */
import { afterEach, describe, expect, it } from '@jest/globals';
import { TestServer } from '../test-server.ts';

const servers: TestServer[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await server.stop();
});

async function start(options: Parameters<typeof TestServer.start>[0]): Promise<TestServer> {
  const server = await TestServer.start(options);
  servers.push(server);
  return server;
}

describe('--store memory:', () => {
  it('E3: every receipt says relaxed, also that of a repetition', async () => {
    const { library } = await start({ store: 'memory:' });
    const publish = () => library.publish('topic:news', 'text', { id: 'one' });
    expect(await publish()).toMatchObject({ durability: 'relaxed', isDuplicate: false });
    expect(await publish()).toMatchObject({ durability: 'relaxed', isDuplicate: true });
    const onDisk = await start({});
    expect(await onDisk.library.publish('topic:news', 'text')).toMatchObject({ durability: 'durable' });
  });

  it('does not start where receipts have to be durable, and says what to do', async () => {
    const started = start({ store: 'memory:', requireDurable: true });
    await expect(started).rejects.toMatchObject({ code: 'E_CONFIG', message: expect.stringContaining('memory:') });
  });
});
