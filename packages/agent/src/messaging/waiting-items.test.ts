import { beforeEach, describe, expect, it } from '@jest/globals';
import { encodeItem, type GroupItem } from '@sealane/shared/items';
import { MemoryStorage } from '@sealane/e2ee/storage';
import { Journal } from './journal.ts';
import { MessageBook } from './message-book.ts';
import { tables } from './tables.ts';
import { GIVEN_UP, WAITING_MAX, WAITING_MS_MAX, WAITING_OF_GROUP_MAX, WaitingItems } from './waiting-items.ts';

let now: number;
let journal: Journal;
let book: MessageBook;
let waiting: WaitingItems;
beforeEach(() => {
  now = 1_000;
  journal = new Journal(new MemoryStorage(), () => undefined);
  book = new MessageBook((tx, event) => journal.tell(tx, event));
  waiting = new WaitingItems({ journal, book, now: () => now });
});

let count = 0;
function messageOf(group: number): GroupItem {
  const messageId = new Uint8Array(16);
  new DataView(messageId.buffer).setUint32(0, ++count);
  const place = { group: new Uint8Array(16).fill(group), epoch: 7, sequence: count, messageId };
  return { kind: 'message', at: 500, ...place, body: Uint8Array.of(1) };
}

const keep = (item: GroupItem): Promise<boolean> =>
  journal.transaction((tx) =>
    waiting.keep(tx, item, { item: encodeItem(item), reason: 'epoch-ahead', waited: undefined }),
  );

describe('what waits to be opened', () => {
  it('E6: has room for so many of a group, and of all groups', async () => {
    for (let kept = 0; kept < WAITING_OF_GROUP_MAX; kept++) expect(await keep(messageOf(1))).toBe(true);
    expect(await keep(messageOf(1))).toBe(false);
    const [first] = await waiting.of(messageOf(1).group);
    expect(await journal.transaction((tx) => waiting.take(tx, first!))).toBe(true);
    expect(await journal.transaction((tx) => waiting.take(tx, first!))).toBe(false);
    expect(await keep(messageOf(1))).toBe(true);
    await journal.transaction((tx) => tables.values.put(tx, { name: 'waiting-items', value: WAITING_MAX }));
    expect(await keep(messageOf(2))).toBe(false);
  });

  it('E6: is given up after its time, by the clock of this device, and shown as lost', async () => {
    const [old, young] = [messageOf(1), messageOf(1)];
    const { messageId: id, group } = old;
    const from = { group, username: '', device: '', isOwn: 0, kind: 'unknown', body: '', at: 1, reason: '' } as const;
    await journal.transaction((tx) => book.add(tx, { ...from, conversation: '@anna', id, state: 'waiting' }));
    await keep(old);
    for (let kept = 0; kept < 70; kept++) await keep(messageOf(3));
    const [row] = await waiting.of(group);
    now += WAITING_MS_MAX;
    await keep(young);
    expect(await waiting.giveUpOld()).toBe(0);
    // Waiting again, it does not begin anew.
    await journal.transaction(async (tx) => {
      await waiting.take(tx, row!);
      await waiting.keep(tx, old, { item: row!.item, reason: 'fork', waited: row });
    });
    now += 1;
    expect(await waiting.giveUpOld()).toBe(71);
    expect(await waiting.of(group)).toHaveLength(1);
    const shown = await journal.transaction((tx) => book.find(tx, id));
    expect(shown).toMatchObject({ state: 'lost', reason: GIVEN_UP });
  });

  it('E6, E2: what is given up does not say that another one is lost which waits under its id', async () => {
    const [old, young] = [messageOf(1), messageOf(1)];
    const { messageId: id, group } = old;
    const from = { group, username: '', device: '', isOwn: 0, kind: 'unknown', body: '', at: 1, reason: '' } as const;
    await journal.transaction((tx) => book.add(tx, { ...from, conversation: '@anna', id, state: 'waiting' }));
    await keep(old);
    now += WAITING_MS_MAX;
    await keep({ ...young, messageId: id });
    const state = async () => (await journal.transaction((tx) => book.find(tx, id)))?.state;
    now += 1;
    expect([await waiting.giveUpOld(), await state()]).toEqual([1, 'waiting']);
    now += WAITING_MS_MAX;
    expect([await waiting.giveUpOld(), await state()]).toEqual([1, 'lost']);
  });
});
