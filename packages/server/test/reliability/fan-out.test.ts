/** B12: one event for many subscribers, over connections, measured in the server's own process. */
import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { EventAgent } from '../delivery/event-agent.ts';
import { eventually } from '../eventually.ts';
import { ServerHost } from './server-host.ts';

jest.setTimeout(60_000);

const MIB = 2 ** 20;
const SUBSCRIBERS = 40;
const EVENTS = 50;
const BODY_BYTES = 65_536;

let host: ServerHost;
afterEach(() => host.stop());

describe('fan-out', () => {
  it('B12: 2,000 deliveries of 64 KiB from 50 events take memory for the events, not for the deliveries', async () => {
    host = await ServerHost.start({ logLevel: 'error' });
    const { port } = host;
    const takers = await Promise.all(
      Array.from({ length: SUBSCRIBERS }, async (_, index) => {
        const taker = await EventAgent.open({ port, agentId: `taker-${index}` });
        await taker.subscribe('fan.out');
        return taker;
      }),
    );
    const publisher = await EventAgent.open({ port });
    await publisher.openProducer();
    const before = (await host.report()).heldBytes;
    const body = new Uint8Array(BODY_BYTES).fill(7);
    for (let number = 1; number <= EVENTS; number++) publisher.publish(number, 'topic:fan.out', body);
    publisher.agent.wake();
    await eventually('all deliveries', () => takers.every(({ events }) => events.length === EVENTS), 40_000);
    const { heldBytes, counters } = await host.report();
    // None is acked: all of them are still out. Each delivery with a body of its own were 125 MiB.
    expect(counters.events.delivered).toBe(SUBSCRIBERS * EVENTS);
    expect(heldBytes - before).toBeLessThan(64 * MIB);
    for (const { agent } of [...takers, publisher]) agent.destroy();
  });
});
