import { describe, expect, it } from '@jest/globals';
import { toHex } from '@sealane/shared/bytes';
import fc from 'fast-check';
import type { Bodies, Content, ContentKind } from './content.ts';
import { applyContent, expiryOf, leastReceipt, viewOf, type MessageView } from './message-view.ts';

const alice = new Uint8Array(32).fill(1);
const bob = new Uint8Array(32).fill(2);
const carol = new Uint8Array(32).fill(3);
const id = new Uint8Array(16).fill(9);

let made = 0;
const about = <K extends ContentKind>(kind: K, body: Bodies[K], at = 1_000, ref = id): Content => {
  made++;
  return { kind, body, at, id: new Uint8Array(16).fill(made % 256), expiresAfter: 0, ref } as unknown as Content;
};
const original: Content = { kind: 'text', id, at: 500, expiresAfter: 0, body: { text: 'hello' } };
const view = viewOf(original, alice)!;
const receipts = (status: 'delivered' | 'read', messages = [id]): Content => about('receipts', { status, messages });

const applied = (from: MessageView, content: Content, by: Uint8Array): MessageView => {
  const result = applyContent(from, content, by);
  if (!result.ok) throw new Error(result.breach);
  return result.view;
};
const breachOf = (from: MessageView, content: Content, by: Uint8Array): string => {
  const result = applyContent(from, content, by);
  return result.ok ? 'ok' : result.breach;
};

describe('edit and delete', () => {
  it('D: only by the author of the original', () => {
    expect(applied(view, about('edit', { text: 'hi' }), alice)).toMatchObject({ text: 'hi', edited: { at: 1_000 } });
    expect(breachOf(view, about('edit', { text: 'hi' }), bob)).toBe('not-author');
    expect(applied(view, about('delete', {}), alice)).toMatchObject({ text: undefined, isDeleted: true });
    expect(breachOf(view, about('delete', {}), bob)).toBe('not-author');
  });

  it('D: the latest edit counts, and a deletion is final', () => {
    const edited = applied(view, about('edit', { text: 'new' }, 2_000), alice);
    expect(breachOf(edited, about('edit', { text: 'old' }, 1_999), alice)).toBe('outdated');
    const deleted = applied(edited, about('delete', {}), alice);
    expect(breachOf(deleted, about('edit', { text: 'back' }, 9_000), alice)).toBe('deleted');
    expect(breachOf(deleted, about('reaction', { emoji: '👍', isRemoved: false }), bob)).toBe('deleted');
    expect(breachOf(deleted, about('delete', {}), alice)).toBe('no-change');
  });

  it('D: of a file its caption; of a call nothing', () => {
    const body = { caption: 'old' } as Bodies['file'];
    const file = viewOf({ kind: 'file', id, at: 0, expiresAfter: 0, body }, alice)!;
    expect(applied(file, about('edit', { text: 'new' }), alice).text).toBe('new');
    const offer = { call: id, description: 'v=0', isVideo: false };
    const call = viewOf({ kind: 'call-offer', id, at: 0, expiresAfter: 0, body: offer }, alice)!;
    expect(breachOf(call, about('edit', { text: 'new' }), alice)).toBe('not-editable');
  });

  it('is about the message that it names', () => {
    expect(breachOf(view, about('delete', {}, 1_000, new Uint8Array(16)), alice)).toBe('other-message');
    expect(breachOf(view, { ...original, kind: 'typing', body: { isTyping: true } }, alice)).toBe('other-message');
    expect(breachOf(view, about('reply', { text: 'x' }), bob)).toBe('no-change');
  });
});

describe('reactions', () => {
  it('D: one of each account, added, replaced and taken back', () => {
    const one = applied(view, about('reaction', { emoji: '👍', isRemoved: false }, 1), bob);
    const two = applied(one, about('reaction', { emoji: '✿', isRemoved: false }, 2), carol);
    const three = applied(two, about('reaction', { emoji: '👎', isRemoved: false }, 3), bob);
    expect(Object.values(three.reactions).map(({ emoji }) => emoji)).toEqual(['👎', '✿']);
    const four = applied(three, about('reaction', { emoji: '👎', isRemoved: true }, 4), bob);
    expect(four.reactions[toHex(bob)]?.emoji).toBeUndefined();
    expect(breachOf(four, about('reaction', { emoji: '👍', isRemoved: false }, 3), bob)).toBe('outdated');
  });
});

describe('receipts', () => {
  it('D: only move forward, and come from others', () => {
    const read = applied(view, receipts('read'), bob);
    expect(read.receipts).toEqual({ [toHex(bob)]: 'read' });
    expect(breachOf(read, receipts('delivered'), bob)).toBe('no-change');
    expect(breachOf(read, receipts('read'), bob)).toBe('no-change');
    expect(breachOf(view, receipts('read'), alice)).toBe('author');
    expect(breachOf(view, receipts('read', [alice.subarray(16)]), bob)).toBe('other-message');
  });

  it('D: a message is as far as it is at the last of its readers', () => {
    const readers = [toHex(bob), toHex(carol)];
    expect(leastReceipt(view, readers)).toBeUndefined();
    const one = applied(view, receipts('read'), bob);
    expect(leastReceipt(one, readers)).toBeUndefined();
    const two = applied(one, receipts('delivered'), carol);
    expect(leastReceipt(two, readers)).toBe('delivered');
    expect(leastReceipt(applied(two, receipts('read'), carol), readers)).toBe('read');
    expect(leastReceipt(view, [])).toBeUndefined();
  });
});

describe('expiry', () => {
  it('D: counts from sending at the author, from reading elsewhere', () => {
    const message = { expiresAfter: 60, isOwn: true, sentAt: 1_000, readAt: undefined };
    expect(expiryOf(message)).toBe(61_000);
    expect(expiryOf({ ...message, isOwn: false })).toBeUndefined();
    expect(expiryOf({ ...message, isOwn: false, readAt: 5_000 })).toBe(65_000);
    expect(expiryOf({ ...message, expiresAfter: 0 })).toBeUndefined();
  });
});

describe('what is a message of its own', () => {
  it('keeps unknown ones, and shows no receipts, typing or edits', () => {
    const unknown: Content = { kind: 'unknown', kindNumber: 99, body: id, id, at: 0, expiresAfter: 0 };
    expect(viewOf(unknown, alice)).toMatchObject({ kind: 'unknown', text: undefined });
    for (const content of [receipts('read'), about('typing', { isTyping: true }), about('edit', { text: 'x' })]) {
      expect(viewOf(content, alice)).toBeUndefined();
    }
  });
});

describe('order', () => {
  it('D: any order of the same contents, with repetitions, comes to the same message', () => {
    const changes: (readonly [Content, Uint8Array])[] = [
      [about('edit', { text: 'one' }, 2_000), alice],
      [about('edit', { text: 'two' }, 2_000), alice],
      [about('edit', { text: 'three' }, 1_000), alice],
      [about('reaction', { emoji: '👍', isRemoved: false }, 5), bob],
      [about('reaction', { emoji: '👍', isRemoved: true }, 6), bob],
      [about('reaction', { emoji: '✿', isRemoved: false }, 5), carol],
      [receipts('delivered'), bob],
      [receipts('read'), bob],
    ];
    const deletion = [about('delete', {}), alice] as const;
    const all = (list: readonly (readonly [Content, Uint8Array])[]): MessageView =>
      list.reduce<MessageView>((state, [content, from]) => {
        const result = applyContent(state, content, from);
        return result.ok ? result.view : state;
      }, view);
    for (const list of [changes, [...changes, deletion]]) {
      const expected = all(list);
      const shuffled = fc.shuffledSubarray([...list, ...list], { minLength: 2 * list.length });
      fc.assert(
        fc.property(shuffled, (order) => {
          expect(all(order)).toEqual(expected);
        }),
      );
    }
  });
});
