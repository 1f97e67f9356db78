/** A server whose answers about people do not hold: each part of each answer is checked before anything is done with it. */
import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import type { DirectoryEntry } from '@sealane/shared/packets';
import { MaliciousWorld, groupStatesOf } from './malicious-world.ts';

jest.setTimeout(60_000);

const DIRECTORY = 0x46;

let world: MaliciousWorld;
beforeEach(() => {
  world = new MaliciousWorld();
});
afterEach(() => world.dispose());

/** With one bit changed, in the middle. */
function bent(bytes: Uint8Array): Uint8Array {
  const copy = bytes.slice();
  const middle = copy.length >> 1;
  copy[middle] = (copy[middle] ?? 0) ^ 1;
  return copy;
}

test('2.2, C8: an answer of which any part was bent, cut or left out is a lie, and nobody is written to by it', async () => {
  const [alice, bob] = await world.pair();
  await world.account('carol');
  await world.account('dora');
  await alice.client.safetyNumber('bobby');
  const bends: readonly ((answer: DirectoryEntry) => Partial<DirectoryEntry>)[] = [
    ({ head }) => ({ head: bent(head) }),
    ({ head }) => ({ head: head.subarray(1) }),
    ({ inclusion }) => ({ inclusion: bent(inclusion) }),
    () => ({ inclusion: new Uint8Array(0) }),
    ({ latest }) => ({ latest: bent(latest) }),
    () => ({ latest: new Uint8Array(0) }),
    ({ consistency }) => ({ consistency: consistency.length === 0 ? new Uint8Array(32) : bent(consistency) }),
    ({ statements }) => ({ statements: statements.map(bent) }),
    ({ statements }) => ({ statements: statements.toReversed() }),
    ({ statementCount }) => ({ statementCount: statementCount - 1 }),
    ({ statementCount }) => ({ statementCount: statementCount + 1 }),
  ];
  const sends = world.sendsOf('alice-1');
  for (const bend of bends) {
    world.server.lie = ({ agentId, id, honest }) => {
      const answer = honest();
      return agentId === 'alice-1' && id === DIRECTORY ? { ...answer, ...bend(answer as DirectoryEntry) } : answer;
    };
    const asked = alice.client.conversationWith('carol');
    await expect(asked.then(() => String(bend))).rejects.toMatchObject({ code: 'E_DIRECTORY_LIE' });
  }
  expect(world.server.groups.size).toBe(1);
  expect(sends()).toBe(0);
  world.server.lie = undefined;
  // Nothing of it is left behind.
  await world.say(alice, '@bobby', 'as ever', bob);
  await alice.client.sendAndWait(await alice.client.conversationWith('carol'), { text: 'hello' });
  expect(groupStatesOf(alice)).toEqual([]);
});
