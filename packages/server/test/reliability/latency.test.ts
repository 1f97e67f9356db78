/** Small packets one after the other are not held back by the system (2.1.19: Nagle's algorithm and delayed ACKs). */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { afterEach, expect, it } from '@jest/globals';
import { TestAgent } from '../test-agent.ts';
import { TestServer } from '../test-server.ts';

let server: TestServer;
afterEach(() => server.stop());

it('2.1.19: two small records in a row arrive without the 40 ms of a delayed ACK', async () => {
  server = await TestServer.start();
  server.library.handle('two', async (_request, context) => {
    for (const part of ['first', 'second']) {
      context.progress(part);
      await nextTurn();
      await nextTurn();
    }
    return 'last';
  });
  const agent = await TestAgent.open({ port: server.port });
  const times: number[] = [];
  for (let round = 0; round < 60; round++) {
    const start = performance.now();
    expect((await agent.channel.request('two', 'x')).text()).toBe('last');
    times.push(performance.now() - start);
  }
  await agent.close();
  // The median: other programs may hold up some of them.
  expect(times.sort((left, right) => left - right)[30]).toBeLessThan(30);
});
