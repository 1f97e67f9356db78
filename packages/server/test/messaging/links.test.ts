/** Links: a device waits under a code, for one of its own account, once. */
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createHash, randomBytes } from 'node:crypto';
import { utf8Encode } from '@sealane/shared/bytes';
import { StorageError } from '@sealane/shared/errors';
import { DEFAULT_LINK_LIMITS } from '../../src/messaging/links/link-limits.ts';
import { Links } from '../../src/messaging/links/links.ts';
import { eventually } from '../test-server.ts';
import { ServiceWorld, type Device } from './service-world.ts';

let world: ServiceWorld;
let links: Links;
let alice: Device;
let timers: { at: number; run: () => void }[];

/** Logged in to the account of alice, and listed by nobody. */
const guest = { agentId: 'new-phone', accountId: createHash('sha256').update('alice').digest() };

beforeEach(async () => {
  world = await ServiceWorld.start();
  alice = await world.device('alice');
  timers = [];
  links = makeLinks();
});

afterEach(async () => {
  links.stop();
  await world.stop();
});

function makeLinks(limits = DEFAULT_LINK_LIMITS): Links {
  const schedule = (delayMs: number, run: () => void) => {
    const timer = { at: world.aheadMs + delayMs, run };
    timers.push(timer);
    return { cancel: () => void timers.splice(timers.indexOf(timer), 1) };
  };
  return new Links({ queues: world.queues, environment: { ...world.environment, schedule }, limits });
}

function pass(ms: number): void {
  world.aheadMs += ms;
  for (const { run } of timers.splice(0).filter(({ at }) => at <= world.aheadMs)) run();
}

const queuesOf = (agentId: string) => world.events.queuesOf(agentId);

describe('links', () => {
  it('A4: what is posted reaches the device that waits, once', async () => {
    const id = randomBytes(16);
    await links.open(guest, id);
    await links.open(guest, id);
    await links.post(alice, id, utf8Encode('sealed'));
    expect(await world.words(guest)).toEqual(['link: sealed']);
    await expect(links.post(alice, id, utf8Encode('again'))).rejects.toMatchObject({ code: 'E_NO_LINK' });
    expect(links.count).toBe(0);
  });

  it('A4: the same once more is answered as the first time, and handed over once; what was refused has not used the link', async () => {
    const id = randomBytes(16);
    await links.open(guest, id);
    world.store.onAsk = (name) => {
      if (name === 'addPending') throw new StorageError('E_STORE_FULL');
    };
    await expect(links.post(alice, id, utf8Encode('sealed'))).rejects.toMatchObject({ code: 'E_STORE_FULL' });
    world.store.onAsk = () => undefined;
    const posts = [1, 2].map(() => links.post(alice, id, utf8Encode('sealed')));
    const other = links.post(alice, id, utf8Encode('something else'));
    await expect(other).rejects.toMatchObject({ code: 'E_NO_LINK' });
    await Promise.all(posts);
    await links.post(alice, id, utf8Encode('sealed'));
    expect(await world.words(guest)).toEqual(['link: sealed']);
    pass(600_000);
    await expect(links.post(alice, id, utf8Encode('sealed'))).rejects.toMatchObject({ code: 'E_NO_LINK' });
  });

  it('A4: a code ends after 10 minutes, and with it the queue of a device that nobody listed', async () => {
    const id = randomBytes(16);
    await links.open(guest, id);
    pass(600_000);
    await expect(links.post(alice, id, utf8Encode('late'))).rejects.toMatchObject({ code: 'E_NO_LINK' });
    await eventually('that its queue is gone', async () => (await queuesOf(guest.agentId)).length === 0);
  });

  it('the queue of a device that was listed meanwhile stays', async () => {
    const id = randomBytes(16);
    await links.open({ ...guest, agentId: 'alice.two' }, id);
    await links.post(alice, id, utf8Encode('sealed'));
    const second = await world.device('alice', 'two');
    const other = { ...guest, agentId: 'alice.three' };
    await links.open(other, randomBytes(16));
    pass(600_000);
    await eventually(
      'that the queue of the other one is gone',
      async () => (await queuesOf(other.agentId)).length === 0,
    );
    expect(await world.words(second)).toEqual(['link: sealed']);
  });

  it('A4: devices of other accounts cannot post, nor take the id of another', async () => {
    const id = randomBytes(16);
    await links.open(guest, id);
    const mallory = await world.device('mallory');
    await expect(links.post(mallory, id, utf8Encode('evil'))).rejects.toMatchObject({ code: 'E_NO_LINK' });
    await expect(links.open(mallory, id)).rejects.toMatchObject({ code: 'E_NO_LINK' });
    await links.post(alice, id, utf8Encode('sealed'));
    expect(await world.words(guest)).toEqual(['link: sealed']);
  });

  it('a newer code of a device takes the place of the older one', async () => {
    const [first, second] = [randomBytes(16), randomBytes(16)];
    await links.open(guest, first);
    await links.open(guest, second);
    expect(links.count).toBe(1);
    await expect(links.post(alice, first, utf8Encode('x'))).rejects.toMatchObject({ code: 'E_NO_LINK' });
    await links.post(alice, second, utf8Encode('sealed'));
  });

  it('A4: floods are refused with the time to come back', async () => {
    for (let count = 0; count < 10; count++) await links.open(guest, randomBytes(16));
    await expect(links.open(guest, randomBytes(16))).rejects.toMatchObject({ code: 'E_CALL_LIMIT' });
    links = makeLinks({ ...DEFAULT_LINK_LIMITS, linksMax: 1 });
    await links.open(guest, randomBytes(16));
    await expect(links.open({ ...guest, agentId: 'other' }, randomBytes(16))).rejects.toMatchObject({
      code: 'E_CALL_LIMIT',
      retryAfterMs: 60_000,
    });
  });
});
