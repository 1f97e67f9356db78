import { describe, expect, it } from '@jest/globals';
import { displayWidth } from '@sealane/node/cli';
import type { ChatMessage } from './chat-model.ts';
import type { Entry } from './entry.ts';
import { entryRows, type RowStyle } from './entry-rows.ts';

const style: RowStyle = { columns: 60, paint: (_, text) => text, hasLines: true, timeOf: () => '14:02' };

const message: ChatMessage = {
  id: 'm1',
  conversation: '@alice',
  order: 1,
  from: { user: 'alice', device: 'phone' },
  isOwn: false,
  kind: 'text',
  body: 'hello',
  state: 'decrypted',
  reason: '',
  replyTo: null,
  file: undefined,
  at: 0,
  isRead: true,
  editedAt: undefined,
  isDeleted: false,
  expiresAt: undefined,
  reactions: {},
};

function rowsOf(fields: Partial<ChatMessage>, columns = 60): readonly string[] {
  return entryRows({ kind: 'message', number: 3, message: { ...message, ...fields } }, { ...style, columns });
}

describe('entryRows', () => {
  it('has a hanging indent where there is room, and name and text below each other where there is none', () => {
    const body = 'some words that do not fit into one row of this width';
    expect(rowsOf({ body }, 40)).toEqual([
      '14:02 #3 alice: some words that do not',
      '      fit into one row of this width',
    ]);
    expect(rowsOf({ body: 'a text of its own' }, 20)).toEqual(['14:02 #3 alice:', ' a text of its own']);
  });

  it('puts the state behind the text, or below it', () => {
    expect(rowsOf({ isOwn: true, state: 'delivered' })).toEqual(['14:02 #3 you: hello (delivered)']);
    expect(rowsOf({ isOwn: true, state: 'delivered', body: 'x'.repeat(44) })).toHaveLength(2);
    const failed = rowsOf({ isOwn: true, state: 'failed', reason: 'quota', editedAt: 1, expiresAt: 2 }, 50);
    expect(failed).toEqual(['14:02 #3 you: hello', '      (edited, expires, failed: quota, /retry)']);
  });

  it('shows nothing of what was deleted', () => {
    const file = { name: 'secret.txt', sizeBytes: 1 };
    const rows = rowsOf({
      isDeleted: true,
      body: 'secret',
      file,
      replyTo: 'm0',
      reactions: { bob: '👍' },
      editedAt: 5,
    });
    expect(rows).toEqual(['14:02 #3 alice: (deleted)']);
  });

  it('answers something unknown in words', () => {
    expect(rowsOf({ kind: 'reply', replyTo: 'm0' })[0]).toBe('      ┌ an earlier message');
    expect(rowsOf({ kind: 'unknown', body: 'x' }).join(' ')).toMatch(
      /a kind of message that this version does +not know/,
    );
  });

  it('says itself who came and went, and does not name whom it does not know', () => {
    expect(rowsOf({ kind: 'event', body: 'bob added carol', isOwn: true })).toEqual(['14:02 bob added carol']);
    expect(rowsOf({ state: 'lost', reason: 'own', from: { user: '', device: '' } })[0]).toMatch(/^14:02 #3 somebody: /);
  });

  it('gives no row wider than the terminal, for any entry and width', () => {
    const words = ['漢字漢字', '👩‍👩‍👧‍👦', 'incomprehensibilities', '\u001b[2J', 'e\u0301', '\n', 'a'];
    for (let columns = 16; columns <= 90; columns++) {
      const text = Array.from({ length: 30 }, (_, index) => words[(index * 3 + columns) % words.length]).join(' ');
      const fields = { body: text, reactions: { [text]: text, b: '👍' }, from: { user: text, device: text } };
      const full: ChatMessage = {
        ...message,
        ...fields,
        replyTo: 'm0',
        isOwn: columns % 2 === 0,
        state: 'failed',
        reason: text,
      };
      const entries: readonly Entry[] = [
        { kind: 'message', number: 1_234, message: full, quoted: { from: text, text, number: 17 } },
        { kind: 'message', number: 1, message: { ...full, file: { name: text, sizeBytes: 2 ** 40 } } },
        { kind: 'notice', tone: 'error', text: 'words of the chat itself, '.repeat(4) },
        {
          kind: 'table',
          rows: [
            ['a term 漢字'.repeat(4), 'words '.repeat(20)],
            ['b', ''],
          ],
        },
        { kind: 'rule', text: 'a line with words '.repeat(4) },
      ];
      for (const entry of entries) {
        for (const row of entryRows(entry, { ...style, columns })) {
          expect(displayWidth(row)).toBeLessThanOrEqual(columns);
          expect(row).not.toMatch(/\p{Cc}/u);
        }
      }
    }
  });
});
