/** E16: what is in the data directory of a device when nobody runs on it: with a passphrase, and without one. */
import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { parseRecoveryText } from '@sealane/e2ee/keys';
import type { EventHandler, Subscription } from '../../src/delivery/index.ts';
import { openMessaging } from '../../src/messaging/index.ts';
import type { MessagingClient } from '../../src/messaging/messaging-client.ts';
import type { MessagingAgent } from '../../src/messaging/open-messaging.ts';
import { filesBelow, found } from './canary.ts';
import { World, type TestDevice } from './world.ts';

jest.setTimeout(60_000);

let world: World;
let opened: MessagingClient[];
beforeEach(() => {
  world = new World();
  opened = [];
});
afterEach(async () => {
  for (const client of opened) await client.close().catch(() => undefined);
  await world.dispose();
});

/** The agent of a device, as far as messaging needs one. */
function agentOf({ connection }: TestDevice): MessagingAgent {
  const { call, agentId: id, serverKey, transportKey: publicKey } = connection;
  const agent = {
    ...{ call, id, serverKey, publicKey },
    state: { state: 'connected' },
    on: () => undefined,
    off: () => undefined,
    onTransient: connection.onTransient,
    subscribe: (_topic: string, handler: EventHandler) =>
      connection.openQueue(
        id ?? '',
        async (body) => {
          await handler({ from: 'server', body } as unknown as Parameters<EventHandler>[0]);
        },
        () => undefined,
      ) as unknown as Subscription,
  };
  return agent as unknown as MessagingAgent;
}

async function reopened(device: TestDevice, passphrase?: string): Promise<MessagingClient> {
  await device.client.close();
  const client = await openMessaging(agentOf(device), { dataDir: device.directory, passphrase });
  opened.push(client);
  return client;
}

describe('E16: a data directory at rest', () => {
  test.each([
    ['without a passphrase', undefined],
    ['with one', `passphrase-${randomBytes(8).toString('hex')}`],
  ])('%s: no password, no recovery key, nothing that was deleted, and messages as is said', async (_, passphrase) => {
    const mark = `canary-${randomBytes(12).toString('hex')}`;
    const password = `password-${randomBytes(12).toString('hex')}`;
    const bob = await world.account('bobby');
    const device = await world.device('alice-1');
    const alice = await reopened(device, passphrase);
    const { recoveryKey } = await alice.accounts.register('alice', { password });
    const parsed = parseRecoveryText(recoveryKey);
    if (!parsed.ok) throw new Error('no recovery key');
    await alice.accounts.recoveryKeyShown();
    await Promise.all([alice.sync(), bob.client.sync()]);
    const chat = await alice.conversationWith('bobby');
    await alice.sendAndWait(chat, { text: mark });
    await world.until('it', async () => (await bob.texts('@alice')).includes(mark));
    await bob.client.sendAndWait('@alice', { text: `${mark} from Bob` });
    const file = join(world.directory(), `${mark}.txt`);
    writeFileSync(file, mark.repeat(100));
    await alice.sendFile(chat, file);
    await alice.setDraft(chat, `${mark} draft`);
    const deleted = `deleted-${randomBytes(12).toString('hex')}`;
    const edited = `edited-${randomBytes(12).toString('hex')}`;
    for (const text of [deleted, edited]) await alice.sendAndWait(chat, { text });
    const [first, second] = (await alice.messages(chat, { limit: 2 })).map(({ id }) => id);
    await alice.delete(first ?? '');
    await alice.edit(second ?? '', 'something else');
    await alice.flush();
    await world.until(
      'gone',
      async () => !(await bob.texts('@alice')).some((text) => [deleted, edited].includes(text)),
    );
    await alice.close();
    await bob.client.close();

    const gone = { password, recoveryKey, deleted, edited, ...(passphrase !== undefined && { passphrase }) };
    const secret = Buffer.from(parsed.secret).toString('latin1');
    const hits = found({ mark, ...gone }, filesBelow(device.directory)).map((hit) => hit.split(' in ')[0]);
    expect([...new Set(hits)]).toEqual(passphrase === undefined ? ['mark'] : []);
    for (const bytes of filesBelow(device.directory).values())
      expect(Buffer.from(bytes).includes(Buffer.from(secret, 'latin1'))).toBe(false);
    // The same search finds what bob has, and nothing of what alice took back.
    expect(found({ mark, ...gone }, filesBelow(bob.directory)).length).toBeGreaterThan(0);
    expect(found(gone, filesBelow(bob.directory))).toEqual([]);

    // Whom one writes with is not hidden: rows are found by it.
    expect([...filesBelow(device.directory).values()].some((bytes) => Buffer.from(bytes).includes('bobby'))).toBe(true);
    if (passphrase === undefined) return;
    const open = (given?: string) => openMessaging(agentOf(device), { dataDir: device.directory, passphrase: given });
    for (const wrong of [undefined, `${passphrase}!`])
      await expect(open(wrong)).rejects.toMatchObject({ code: 'E_PASSPHRASE' });
    const again = await open(passphrase);
    opened.push(again);
    expect((await again.messages(chat, { limit: 9 })).map(({ body }) => body)).toContain(`${mark} from Bob`);
  });
});
