import { randomBytes } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { TestDevice, TestDirectory } from '../../src/testing/index.ts';

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString();

describe('two devices', () => {
  it('D1: exchange messages in a group', async () => {
    const directory = new TestDirectory();
    const anna = await TestDevice.create({ directory, username: 'anna', agentId: 'a1' });
    const bert = await TestDevice.create({ directory, username: 'bert', agentId: 'b1' });
    const group = Uint8Array.from(randomBytes(16));
    const keyPackages = [await bert.keyPackage()];
    const pending = await anna.step((engine, tx) => engine.createGroup(tx, { group, keyPackages, isDirect: true }));
    await anna.step((engine, tx) => engine.commitAccepted(tx, group, pending.messageId));
    const joined = await bert.step((engine, tx) => engine.takeWelcome(tx, pending.welcome!));
    expect(joined).toMatchObject({ state: 'joined', epoch: 1 });
    const sealed = await anna.step((engine, tx) => engine.seal(tx, group, Buffer.from('hello')));
    const opened = await bert.step((engine, tx) => engine.open(tx, group, sealed.message));
    expect(opened).toMatchObject({ state: 'decrypted', sender: { agentId: 'a1' } });
    if (opened.state === 'decrypted') expect(text(opened.plaintext)).toBe('hello');
  });
});
