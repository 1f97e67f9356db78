/**
 * Program: one process of a device that seals messages, and now and then renews its keys, as fast as it can. Each message goes
 * into a row of the same transaction, each commit is taken as accepted at once: `busy-device.ts FILE DEVICE GROUP COUNT
 * COMMITS`, where DEVICE is JSON with hexadecimal bytes and COMMITS is how many messages lie between two commits, or 0.
 */
import { randomBytes } from 'node:crypto';
import { nodeMlsCrypto } from '../../src/crypto-node/index.ts';
import { E2eeEngine } from '../../src/engine/index.ts';
import { SqliteStorage } from '../../src/sqlite/index.ts';

const [file = '', deviceText = '{}', groupText = '', count = '0', commits = '0'] = process.argv.slice(2);
const bytes = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'hex'));
const named = JSON.parse(deviceText) as Record<'accountId' | 'username' | 'agentId' | 'signingSeed', string>;
const group = bytes(groupText);
const storage = await SqliteStorage.open(file);
const engine = new E2eeEngine({
  storage,
  crypto: nodeMlsCrypto,
  device: { ...named, accountId: bytes(named.accountId), signingSeed: bytes(named.signingSeed) },
  judge: { judge: () => 'listed' },
  now: () => Date.now(),
  random: (size) => Uint8Array.from(randomBytes(size)),
});

for (let index = 1; index <= Number(count); index++) {
  await storage.transaction(async (transaction) => {
    const text = `${process.pid}/${index}`;
    const { epoch, message } = await engine.seal(transaction, group, Buffer.from(text));
    const [last] = await transaction.list('sent', { limit: 1, reverse: true });
    const sequence = Number(last?.['sequence'] ?? 0) + 1;
    await transaction.put('sent', [sequence], { sequence, kind: 'message', text, epoch, bytes: message });
  });
  if (Number(commits) > 0 && index % Number(commits) === 0) {
    const pending = await storage.transaction((transaction) => engine.commit(transaction, group, {}));
    await storage.transaction(async (transaction) => {
      const [last] = await transaction.list('sent', { limit: 1, reverse: true });
      const sequence = Number(last?.['sequence'] ?? 0) + 1;
      const row = { sequence, kind: 'commit', text: '', epoch: pending.epoch, bytes: pending.commit };
      await transaction.put('sent', [sequence], row);
      await engine.commitAccepted(transaction, group, pending.messageId);
    });
  }
}
await storage.close();
