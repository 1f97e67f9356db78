import { describe, expect, it } from '@jest/globals';
import { makePair, openText, sealText, type Pair } from './pair.ts';
import { RandomSource } from '../random/random-source.ts';

const MUTATIONS = 400;

/** One change of the kinds that a hostile server makes. */
function mutated(bytes: Uint8Array, random: RandomSource): Uint8Array {
  const changed = Uint8Array.from(bytes);
  const position = random.below(changed.length);
  switch (random.below(4)) {
    case 0:
      changed[position]! ^= 1 << random.below(8);
      return changed;
    case 1:
      return changed.slice(0, position);
    case 2:
      changed.set([0x80, 0xff, 0xff, 0xff].slice(0, changed.length - position), position);
      // What it is overwritten with may be what was there.
      if (Buffer.compare(changed, bytes) === 0) changed[position]! ^= 1;
      return changed;
    default:
      return Uint8Array.from([...changed.slice(0, position), random.below(256), ...changed.slice(position)]);
  }
}

/** All rows of the engine, but for the mark that a member has to look for a fork. */
async function rowsOf({ bert }: Pair): Promise<unknown> {
  return await bert.step(async (_engine, transaction) => [
    await transaction.list('mls.states'),
    await transaction.list('mls.ratchets'),
    await transaction.list('mls.epochs'),
    await transaction.list('mls.keyPackages'),
  ]);
}

describe('changed bytes of a hostile server', () => {
  it('E14: open, join and commit nothing, are told as a state, and leave all keys as they were', async () => {
    const random = new RandomSource(14);
    const pair = await makePair();
    const { anna, bert, group } = pair;
    const message = await sealText(anna, group, 'hello');
    const pending = await anna.step((engine, transaction) => engine.commit(transaction, group, {}));
    const keyPackage = await bert.keyPackage();
    const other = await anna.step((engine, transaction) =>
      engine.createGroup(transaction, { group: new Uint8Array(16), keyPackages: [keyPackage] }),
    );
    const before = await rowsOf(pair);
    const states = new Set<string>();
    for (let count = 0; count < MUTATIONS; count++) {
      const results = await bert.step(async (engine, transaction) => [
        await engine.open(transaction, group, mutated(message, random)),
        await engine.takeCommit(transaction, group, 1, mutated(pending.commit, random)),
        await engine.takeWelcome(transaction, mutated(other.welcome!, random)),
        await engine.rejoin(transaction, group, mutated(pending.groupInfo, random), { isTrusted: () => true }),
      ]);
      for (const { state } of results) states.add(state);
    }
    // Where neither sender nor state can be told any more, it may be a fork: whether a change hits both depends on the keys.
    states.delete('healing');
    expect([...states].sort()).toEqual(['lost', 'refused', 'unverified', 'waiting']);
    expect(await rowsOf(pair)).toEqual(before);
    expect(await openText(bert, group, message)).toBe('hello');
  }, 60_000);
});
