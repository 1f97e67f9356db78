/** What every messaging store must do (`messaging-store.ts`), as a suite that each implementation runs. */
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { MessagingStore } from './messaging-store.ts';
import type { NewPendingItem } from './pending-tables.ts';

const ITEM: NewPendingItem = {
  kind: 'message',
  group: new Uint8Array(16).fill(7),
  epoch: 3,
  messageId: new Uint8Array(16).fill(8),
  sequence: 9,
  at: 1_800_000_000_000,
  expiresAt: Number.MAX_SAFE_INTEGER,
  body: Uint8Array.of(1, 2, 3),
  blob: null,
  from: null,
  recipients: ['a.one', 'b "quoted"'],
};

/** @param make a fresh store that is not open, or the same one again. */
export function messagingStoreCompliance(name: string, make: () => MessagingStore): void {
  describe(`${name}: messaging store`, () => {
    let store: MessagingStore;

    beforeEach(async () => {
      store = make();
      await store.open(() => undefined);
    });

    afterEach(async () => {
      await store.close();
    });

    it('keeps what a step wrote, as it was', async () => {
      const [added] = await store.ask('addPending', [ITEM, { ...ITEM, recipients: [] }]);
      expect(added).toEqual({ ...ITEM, id: 1 });
      expect(await store.ask('listPending', { after: 0, limit: 10 })).toEqual([{ ...ITEM, id: 1 }]);
      await store.ask('removePending', [1]);
      expect(await store.ask('listPending', { after: 0, limit: 10 })).toEqual([]);
      const [second] = await store.ask('addPending', [ITEM]);
      expect(second?.id).toBe(2);
    });

    it('does steps in the order in which they were asked for, all of them', async () => {
      const asked = Array.from({ length: 1_000 }, (_, index) =>
        store.ask('addPending', [{ ...ITEM, sequence: index }]),
      );
      const ids = (await Promise.all(asked)).map(([item]) => item?.id);
      expect(ids).toEqual(Array.from({ length: 1_000 }, (_, index) => index + 1));
    });

    it('a step that fails undoes itself, and none of those beside it', async () => {
      const broken = { ...ITEM, sequence: Number.NaN };
      const results = await Promise.allSettled([
        store.ask('addPending', [ITEM]),
        store.ask('addPending', [ITEM, broken]),
        store.ask('addPending', [ITEM]),
      ]);
      expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
      expect(results[1]).toMatchObject({ reason: { code: 'E_STORE_UNAVAILABLE' } });
      expect(await store.ask('listPending', { after: 0, limit: 10 })).toHaveLength(2);
      await store.ask('addPending', [ITEM]);
    });

    it('does not see what happens to bytes after they were handed in', async () => {
      const body = Uint8Array.of(1, 2, 3);
      const asked = store.ask('addPending', [{ ...ITEM, body }]);
      body.fill(0);
      await asked;
      expect(await store.ask('listPending', { after: 0, limit: 1 })).toMatchObject([{ body: Uint8Array.of(1, 2, 3) }]);
    });

    it('refuses what comes after its end', async () => {
      await store.close();
      await expect(store.ask('blobBytes', undefined as never)).rejects.toMatchObject({ code: 'E_STORE_UNAVAILABLE' });
      store = make();
      await store.open(() => undefined);
    });
  });
}
