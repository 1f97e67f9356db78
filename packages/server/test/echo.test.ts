import { afterEach, describe, expect, it } from '@jest/globals';
import { TestAgent } from './test-agent.ts';
import { TestServer } from './test-server.ts';

let server: TestServer | undefined;
afterEach(() => server?.stop());

describe('requests', () => {
  it('A7: echoes what nobody handles, body and content type unchanged', async () => {
    server = await TestServer.start();
    const agent = await TestAgent.open({ port: server.port });
    expect((await agent.channel.request('anything', 'Hello from client!')).text()).toBe('Hello from client!');
    const value = await agent.channel.request('anything', { a: [1, 2, 3] });
    expect(value.value()).toEqual({ a: [1, 2, 3] });
    const bytes = await agent.channel.request('anything', Uint8Array.of(0, 255));
    expect(bytes).toMatchObject({ body: Uint8Array.of(0, 255), contentType: null });
    await agent.close();
  });

  it('I1: a custom handler takes at most ten lines', async () => {
    server = await TestServer.start();
    server.library.handle('greet', async (request, { peer }) => `Hello ${peer.agentId}: ${request.text()}`);
    const agent = await TestAgent.open({ port: server.port, agentId: 'ada' });
    expect((await agent.channel.request('greet', 'hi')).text()).toBe('Hello ada: hi');
    await agent.close();
  });
});
