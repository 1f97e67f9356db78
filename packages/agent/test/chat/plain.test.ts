/** The chat as plain lines: nothing is drawn, nothing is drawn anew. */
import { beforeEach, expect, it } from '@jest/globals';
import { MemoryChatModel } from './memory-chat-model.ts';
import { PlainChat } from './chat-on-terminal.ts';

let model: MemoryChatModel;
beforeEach(() => {
  model = new MemoryChatModel();
  model.account('alice');
});

it('prints lines without any sequence, unwrapped', async () => {
  model.receive('alice', `${'word '.repeat(60)}end`);
  const chat = await PlainChat.start(model, 'alice');
  expect(chat.printed.slice(0, 4)).toEqual([
    '-- Chat with alice --',
    'not verified: /verify',
    '-- Thursday 26 November 2026 --',
    '-- 1 unread --',
  ]);
  expect(chat.printed[4]).toBe(`14:00 #1 alice: ${'word '.repeat(60)}end`);
  expect(chat.shown).not.toMatch(/(?!\n)\p{Cc}/u);
});

it('sends lines, says how far they are, and what changed', async () => {
  const chat = await PlainChat.start(model, 'alice');
  await chat.type('hello\n');
  expect(chat.printed.at(-1)).toBe('14:00 #1 you: hello (sending)');
  model.change('m1', { state: 'read' });
  model.receive('alice', 'good');
  model.change('m2', { body: 'better', editedAt: 1 });
  model.change('m2', { reactions: { alice: '👍' } });
  await chat.type('one\\\n');
  await chat.type('two\n');
  expect(chat.shown).toContain('#1 read');
  expect(chat.shown).toContain('alice edited #2: better');
  expect(chat.shown).toContain('alice reacted to #2: 👍');
  expect(model.all.at(-1)!.body).toBe('one\ntwo');
});

it('takes lines that come at once for one pasted text, commands each for itself', async () => {
  const chat = await PlainChat.start(model, 'alice');
  await chat.type('a\nb\nc\n');
  expect(model.all.map(({ body }) => body)).toEqual(['a\nb\nc']);
  await chat.type('/expire 1h\n/chats\n');
  expect((await model.open('alice')).expiresAfterSeconds).toBe(3_600);
});

it('asks by a line', async () => {
  const chat = await PlainChat.start(model, 'alice');
  await chat.type('text\n');
  await chat.type('/delete 1\n');
  expect(chat.printed.at(-1)).toBe('Delete #1 for everybody? Type y or n.');
  await chat.type('y\n');
  expect(model.all[0]!.isDeleted).toBe(true);
});

it('tells that the connection went and came', async () => {
  const chat = await PlainChat.start(model, 'alice');
  model.tell({ type: 'connection', isConnected: false });
  await chat.type('later\n');
  model.tell({ type: 'connection', isConnected: true });
  await chat.type('');
  expect(chat.shown).toMatch(/Not connected: what you write is sent later\.[^]*later \(sending\)\nConnected\./);
});

it('keeps a draft that was written on a screen', async () => {
  await model.open('alice');
  await model.setDraft('@alice', 'half');
  const chat = await PlainChat.start(model, 'alice');
  expect(chat.shown).toContain('half');
  await chat.chat.stop();
  expect((await model.open('alice')).draft).toBe('half');
});
