/** The chat as a person meets it: typed keys, and what a terminal shows of it. Messaging is in memory. */
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ConfigError, ProtocolError } from '@sealane/shared/errors';
import { ChatOnTerminal } from './chat-on-terminal.ts';
import { MemoryChatModel } from './memory-chat-model.ts';

let model: MemoryChatModel;
beforeEach(() => {
  model = new MemoryChatModel();
  model.account('alice');
  model.account('bob');
});

describe('opening', () => {
  it('lists the chats with what is unread, and opens one by number, name or Tab', async () => {
    model.receive('alice', 'hello');
    model.receive('bob', 'one');
    model.receive('bob', 'two');
    const chat = await ChatOnTerminal.start(model);
    expect(chat.shown).toContain('1  bob    2 unread · 14:02 · two');
    expect(chat.shown).toContain('2  alice  1 unread · 14:00 · hello');
    expect(chat.prompt).toBe('chats +3>');
    await chat.type('2\r');
    expect(chat.shown).toMatch(/── Chat with alice ─+\nnot verified: \/verify\n/);
    expect(chat.prompt).toBe('alice +2>');
    await chat.type('/op\tb\t\r');
    expect(chat.prompt).toBe('bob>');
    model.receive('alice', 'again');
    await chat.type('/open\r');
    expect(chat.prompt).toBe('alice>');
    await chat.type('/open\r');
    expect(chat.shown).toMatch(/1 {2}alice +14:0\d · again\n2 {2}bob +14:0\d · two\n/);
  });

  it('shows history with days, the line of the unread, and marks as read what was shown', async () => {
    model.receive('alice', 'yesterday', { at: model.now - 86_400_000, isRead: true });
    for (const text of ['first', 'second', 'third']) model.receive('alice', text);
    await model.markRead('@alice', 1);
    const chat = await ChatOnTerminal.start(model, { open: 'alice' });
    const lines = chat.shown.split('\n').map((line) => line.replace(/─{3,}$/, '──'));
    expect(lines).toEqual([
      '── Chat with alice ──',
      'not verified: /verify',
      '── Wednesday 25 November 2026 ──',
      '14:00 #1 alice: yesterday',
      '── Thursday 26 November 2026 ──',
      '── 3 unread ──',
      '14:01 #2 alice: first',
      '14:02 #3 alice: second',
      '14:03 #4 alice: third',
      'alice>',
    ]);
    expect(model.calls.at(-1)).toBe('markRead @alice 4');
  });

  it('reads older messages by pages, with numbers that stay', async () => {
    for (let index = 1; index <= 45; index++) model.receive('alice', `text ${index}`, { isRead: true });
    await model.markRead('@alice', 45);
    const chat = await ChatOnTerminal.start(model, { open: 'alice', rows: 100 });
    expect(chat.shown).toContain('text 26\n');
    expect(chat.shown).not.toContain('text 25\n');
    await chat.type('/more\r');
    expect(chat.shown).toContain('text 6\n');
    await chat.type('/more\r/more\r');
    expect(chat.shown).toContain('text 1\n');
    expect(chat.shown).toContain('There are no older messages.');
    await chat.type('/reply 20 seen\r');
    expect(chat.shown).toContain('┌ #20 alice: text 45');
  });

  it('tells of 250 unread ones that it does not show all', async () => {
    for (let index = 0; index < 250; index++) model.receive('alice', `text ${index}`);
    const chat = await ChatOnTerminal.start(model, { open: 'alice' });
    expect(chat.shown).toContain('50 older ones are unread, too: /more shows them.');
    expect(chat.shown).toContain('── 200 unread ──');
  });

  it('says what is wrong with a name, and goes on', async () => {
    const chat = await ChatOnTerminal.start(model, { open: 'nobody' });
    expect(chat.shown).toContain('There is no account nobody');
    model.receive('alice', 'here');
    await chat.type('/open alcie\r');
    expect(chat.shown).toContain('Did you mean /open alice?');
    await chat.type('/open alice\r');
    expect(chat.prompt).toBe('alice>');
  });
});

describe('writing', () => {
  it('shows each state of a message in its place', async () => {
    const chat = await ChatOnTerminal.start(model, { open: 'alice' });
    await chat.type('hello there\r');
    expect(chat.shown).toContain('14:00 #1 you: hello there (sending)');
    for (const state of ['sent', 'delivered', 'read'] as const) {
      model.change('m1', { state });
      await chat.type('');
      expect(chat.shown.match(/hello there/g)).toHaveLength(1);
      expect(chat.shown).toContain(`#1 you: hello there (${state})`);
    }
  });

  it('shows what failed, also when it has scrolled away, and sends it again', async () => {
    const chat = await ChatOnTerminal.start(model, { open: 'alice', rows: 6 });
    await chat.type('lost?\r');
    for (let index = 0; index < 10; index++) model.receive('alice', `text ${index}`);
    await chat.type('');
    model.change('m1', { state: 'failed', reason: 'E_QUOTA' });
    await chat.type('');
    expect(chat.shown).toContain('#1 could not be sent (E_QUOTA): /retry 1');
    await chat.type('/retry\r');
    expect(model.calls).toContain('retry m1');
    await chat.type('/retry\r');
    expect(chat.shown).toContain('Nothing here has failed.');
  });

  it('answers, reacts, edits and deletes by number', async () => {
    model.receive('alice', 'lunch?\nor dinner?');
    const chat = await ChatOnTerminal.start(model, { open: 'alice' });
    await chat.type('/reply 1 yes\r/react #1 👍\r');
    expect(chat.shown).toContain('      ┌ #1 alice: lunch?\n14:01 #2 you: yes (sending)');
    expect(chat.shown).toContain('      👍 me');
    model.change('m2', { reactions: { alice: '🎉' } });
    await chat.type('/edit 2 yes, at noon\r');
    expect(chat.shown).toContain('#2 you: yes, at noon (edited, sending)\n      🎉 alice');
    expect(chat.shown).toContain('you edited #2: yes, at noon');
    await chat.type('/delete 2\r');
    expect(chat.prompt).toBe('Delete #2 for everybody? (y/n)');
    await chat.type('y');
    expect(chat.shown).toContain('#2 you: (deleted)');
    expect(chat.shown).toContain('you deleted #2.');
    await chat.type('/edit 1 mine now\r');
    expect(chat.prompt).toBe('alice> /edit 1 mine now');
    await chat.type('\u0003/delete 9\r/reply\r/react 1 not an emoji\r');
    expect(chat.shown).toContain('#1 is not yours to edit');
    expect(chat.shown).toContain('There is no message #9 here');
    expect(chat.shown).toContain('It is typed like this: /reply N TEXT');
    expect(chat.shown).toContain('It is typed like this: /react N [EMOJI]');
    await chat.type('/react 1\r');
    expect(model.all[0]!.reactions).toEqual({});
  });

  it('has several lines by a backslash, Alt-Enter or a paste, and asks before a long paste is sent', async () => {
    const chat = await ChatOnTerminal.start(model, { open: 'alice', rows: 60 });
    await chat.type('one\\\rtwo\u001b\rthree\r');
    expect(model.all[0]!.body).toBe('one\ntwo\nthree');
    await chat.paste('a\r\nb\rc\td\n');
    expect(model.all).toHaveLength(1);
    await chat.type('\r');
    expect(model.all[1]!.body).toBe('a\nb\nc\td');
    const long = Array.from({ length: 25 }, (_, index) => `line ${index}`).join('\n');
    await chat.paste(long);
    await chat.type('\r');
    expect(chat.prompt).toBe('Send these 25 lines as one message? (y/n)');
    await chat.type('n');
    expect(model.all).toHaveLength(2);
    await chat.type('\r');
    await chat.type('y');
    expect(model.all[2]!.body).toBe(long);
  });

  it('keeps drafts while switching and over the end, and nothing of what failed is lost', async () => {
    const chat = await ChatOnTerminal.start(model, { open: 'alice' });
    await chat.type('half a thou');
    chat.clock.move(3_000);
    await chat.type('');
    expect((await model.open('alice')).draft).toBe('half a thou');
    await chat.chat.openChat('bob');
    await chat.type('');
    expect(chat.prompt).toBe('bob>');
    // Left before a pause: it is kept because it is left.
    await chat.type('for bob');
    await chat.chat.openChat('alice');
    await chat.type('');
    expect((await model.open('bob')).draft).toBe('for bob');
    expect(chat.prompt).toBe('alice> half a thou');
    model.failure = new ConfigError('E_USAGE', 'Not now');
    await chat.type('ght\r');
    expect(chat.shown).toContain('Not now');
    expect(chat.prompt).toBe('alice> half a thought');
    await chat.stop();
    const again = await ChatOnTerminal.start(model, { open: 'alice' });
    expect(again.prompt).toBe('alice> half a thought');
    await again.type('\r');
    expect(model.all.at(-1)!.body).toBe('half a thought');
    await again.stop();
    expect((await model.open('alice')).draft).toBe('');
  });

  it('remembers inputs in the session, and sends a text that begins with a slash by two', async () => {
    const chat = await ChatOnTerminal.start(model, { open: 'alice' });
    await chat.type('first\rsecond\r\u001b[A\u001b[A');
    expect(chat.prompt).toBe('alice> first');
    await chat.type('\u001b[B\u001b[B//shrug\r');
    expect(model.all.at(-1)!.body).toBe('/shrug');
  });

  it('sets the life of messages, searches, and says what a command means', async () => {
    const chat = await ChatOnTerminal.start(model, { open: 'alice', rows: 60 });
    await chat.type('/expire 1d\r/expire soon\r');
    expect(chat.shown).toContain('What you send here expires after 1 d from now on.');
    expect((await model.open('alice')).expiresAfterSeconds).toBe(86_400);
    expect(chat.shown).toContain('It is typed like this: /expire TIME');
    model.receive('alice', 'red apple');
    model.receive('alice', 'green apple');
    await chat.type('/search APPLE green\r');
    expect(chat.shown).toMatch(/── 1 with “APPLE green” ─+\n.*#2 alice: green apple\n── end of the search/);
    await chat.type('/hlep\r/xyzzy\r/help verify\r/help\r');
    expect(chat.shown).toContain('There is no command /hlep. Did you mean /help?');
    expect(chat.shown).toContain('There is no command /xyzzy. /help shows what there is.');
    expect(chat.said.match(/\/verify \[USER\] \[confirm\|accept\] show a safety number/g)).toHaveLength(2);
  });

  it('sends nothing while no chat is open, and gives the text back', async () => {
    const chat = await ChatOnTerminal.start(model);
    await chat.type('hello?\r');
    expect(chat.shown).toContain('No chat is open, nothing was sent.');
    expect(chat.prompt).toBe('chats> hello?');
    expect(model.all).toEqual([]);
  });
});

describe('what comes', () => {
  it('stands above the line that is being written', async () => {
    const chat = await ChatOnTerminal.start(model, { open: 'alice' });
    await chat.type('I am wri');
    model.receive('alice', 'quick');
    await chat.type('ting');
    model.tell({ type: 'message', message: model.all[0]! });
    await chat.type('');
    expect(chat.shown.match(/quick/g)).toHaveLength(1);
    expect(chat.shown).toMatch(/14:00 #1 alice: quick\nalice> I am writing$/);
    expect(model.calls).toContain('markRead @alice 1');
  });

  it('in other chats is told once, and counted in the prompt', async () => {
    const team = model.group('team', ['me', 'alice', 'bob']);
    const chat = await ChatOnTerminal.start(model, { open: 'alice' });
    model.receive('bob', 'one');
    model.receive('bob', 'two');
    model.receive('bob', 'three', { conversation: team });
    await chat.type('');
    expect(chat.shown.match(/bob wrote: \/open bob/g)).toHaveLength(1);
    expect(chat.shown).toContain('bob wrote in team: /open team');
    expect(chat.prompt).toBe('alice +3>');
  });

  it('shows who is writing, for a while, and tells others the same but no commands', async () => {
    const chat = await ChatOnTerminal.start(model, { open: 'alice' });
    model.tell({ type: 'typing', conversation: '@alice', username: 'alice', isTyping: true });
    await chat.type('');
    expect(chat.shown).toContain('alice is writing …\nalice>');
    chat.clock.move(10_000);
    await chat.type('/help');
    expect(chat.shown).not.toContain('writing');
    expect(model.calls.filter((call) => call.startsWith('typing'))).toEqual([]);
    await chat.type('\u0003hel');
    chat.clock.move(5_000);
    await chat.type('lo\r');
    const told = model.calls.filter((call) => call.startsWith('typing'));
    expect(told).toEqual(['typing @alice true', 'typing @alice true', 'typing @alice false']);
  });

  it('E6: what cannot be decrypted yet is said so, and is read in its place later', async () => {
    const chat = await ChatOnTerminal.start(model, { open: 'alice' });
    model.receive('alice', '', { state: 'waiting' });
    model.receive('alice', '', { state: 'lost', reason: 'epoch-gone' });
    await chat.type('');
    expect(chat.shown).toContain('#1 alice: (could not decrypt yet: waiting for what belongs before it)');
    expect(chat.shown).toContain('#2 alice: (cannot be decrypted: it came too late, its key is gone)');
    model.change('m1', { state: 'decrypted', body: 'there it is' });
    await chat.type('');
    expect(chat.shown).toContain('14:00 #1 alice: there it is');
    expect(chat.shown).not.toContain('could not decrypt yet');
  });

  it('E10: a changed identity is a visible break, and what was written stays', async () => {
    model.trust.set('alice', 'changed');
    const chat = await ChatOnTerminal.start(model, { open: 'alice' });
    expect(chat.shown).toContain('\nIDENTITY CHANGED: /verify\n');
    model.tell({ type: 'contact-changed', username: 'alice', change: 'identity' });
    model.tell({ type: 'contact-changed', username: 'alice', change: 'devices' });
    model.failure = new ProtocolError('E_UNVERIFIED', 'The identity of alice changed');
    await chat.type('secret\r');
    expect(chat.shown).toContain('The identity of alice changed. Nobody but alice can say why');
    expect(chat.shown).toContain('alice has a new device, or removed one');
    expect(chat.said).toContain('Nothing was sent: The identity of alice changed.');
    expect(chat.prompt).toBe('alice> secret');
    await chat.type('\u0015/verify\r');
    expect(chat.shown).toContain('12345 67890 12345 67890\n    12345');
    expect(chat.said).toContain('Without comparing, it could be anybody.');
    await chat.type('/verify accept\r');
    expect(chat.said).toContain('It could be anybody. (y/n)');
    await chat.type('n');
    expect(model.trust.get('alice')).toBe('changed');
    await chat.type('/verify confirm\r/members\r');
    expect(chat.shown).toContain('alice is verified: this identity was compared.');
    expect(chat.shown).toContain("alice  verified · alice's phone");
  });

  it('in a group, /verify needs a name, and a broken group is told of', async () => {
    const team = model.group('team', ['me', 'alice', 'bob']);
    const chat = await ChatOnTerminal.start(model, { open: 'team' });
    await chat.type('/verify\r/verify bob\r');
    expect(chat.shown).toContain('In a group, say whom: /verify USER');
    expect(chat.shown).toContain('Safety number of you and bob:');
    model.tell({ type: 'group-state', group: team.slice(1), state: 'removed' });
    await chat.type('');
    expect(chat.shown).toContain('You are not a member of this group any more');
    model.tell({ type: 'group-state', group: team.slice(1), state: 'asking' });
    await chat.type('/rejoin\r');
    expect(chat.said).toContain('If the others say that all is well with them: /rejoin');
    expect(model.calls).toContain(`rejoin ${team}`);
  });

  it('E11: no text of a peer acts on the terminal, wherever it is shown', async () => {
    const evil = '\u001b[2J\u001b]0;x\u0007\u009b31m\u202egpj\u200b\rover';
    model.receive('alice', `${evil}\nsecond line`, { reactions: { [evil]: evil } });
    model.receive('alice', evil, { kind: 'file', file: { name: evil, sizeBytes: 1 }, replyTo: 'm1' });
    model.receive(evil, evil);
    model.change('m1', { editedAt: 5 });
    const chat = await ChatOnTerminal.start(model);
    await chat.type('/open alice\r/members\r/verify\r');
    expect(chat.shown).toContain('      second line');
    model.receive('alice', evil, { state: 'lost', reason: evil });
    model.change('m1', { editedAt: 6, body: evil });
    model.tell({ type: 'typing', conversation: '@alice', username: evil, isTyping: true });
    model.tell({ type: 'contact-changed', username: evil, change: 'identity' });
    model.tell({ type: 'trouble', error: new ProtocolError('E_CLOSED', evil) });
    await chat.type('/op\t\t');
    expect(chat.terminal.refused).toEqual([]);
    expect(chat.shown).toContain('#1 alice: \\u{1b}[2J\\u{1b}]0;x\\u{7}\\u{9b}31m\\u{202e}gpj\\u{200b}');
    expect(chat.shown).not.toMatch(/[\u202e\u200b]/);
  });

  it('E17: what has expired is gone from the picture', async () => {
    const chat = await ChatOnTerminal.start(model, { open: 'alice' });
    model.receive('alice', 'burn this', { expiresAt: model.now + 5 });
    await chat.type('');
    expect(chat.shown).toContain('burn this (expires)');
    model.tell({ type: 'message-gone', id: 'm1', conversation: '@alice' });
    await chat.resize(80, 24);
    expect(chat.shown).not.toContain('burn this');
    expect(chat.shown).toContain('#1 is gone: its time was over, or it was deleted.');
  });

  it('shows 500 messages that come at once in a few writes, each once and in order', async () => {
    const chat = await ChatOnTerminal.start(model, { open: 'alice' });
    const { writes } = chat.terminal;
    for (let index = 0; index < 500; index++) model.receive('alice', `burst ${index};`);
    await chat.typeUntil('', 'burst 499;');
    await new Promise((resolve) => setTimeout(resolve, 200));
    await chat.type('');
    const shown = [...chat.shown.matchAll(/burst (\d+);/g)].map(([, number]) => Number(number));
    expect(shown).toEqual(Array.from({ length: 500 }, (_, index) => index));
    expect(chat.terminal.writes - writes).toBeLessThan(100);
  });
});

describe('the connection', () => {
  it('R3: is told in the prompt; what is written meanwhile is sending, and comes through without a word lost', async () => {
    const chat = await ChatOnTerminal.start(model, { open: 'alice' });
    model.tell({ type: 'connection', isConnected: false, detail: 'reset' });
    await chat.type('one\rtwo\rthr');
    expect(chat.prompt).toBe('alice (offline)> thr');
    expect(chat.shown).toContain('you: one (sending)');
    model.tell({ type: 'connection', isConnected: true });
    for (const id of ['m1', 'm2']) model.change(id, { state: 'sent' });
    await chat.type('ee\r');
    expect(chat.prompt).toBe('alice>');
    expect(model.all.map(({ body }) => body)).toEqual(['one', 'two', 'three']);
    expect(chat.shown).toContain('you: two (sent)');
    await chat.stop();
    expect(chat.said).toContain('1 message is not sent yet, and kept');
  });
});

describe('files', () => {
  let directory: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'sealane-chat-'));
  });
  afterEach(() => rmSync(directory, { recursive: true, force: true }));

  it('are completed, sent with their progress, and saved; a peer names no path', async () => {
    mkdirSync(join(directory, 'papers'));
    writeFileSync(join(directory, 'papers', 'report one.pdf'), 'x');
    writeFileSync(join(directory, 'papers', 'report two.pdf'), 'x');
    const chat = await ChatOnTerminal.start(model, { open: 'alice', cwd: directory });
    const held = Promise.withResolvers<undefined>();
    model.hold = held.promise;
    await chat.typeUntil('/file pap\tr\t', 'report two');
    expect(chat.prompt).toBe('alice> /file papers/report');
    expect(chat.shown).toContain('papers/report one.pdf  papers/report two.pdf');
    await chat.typeUntil('o\t\rmeanwhile\r', 'you: meanwhile');
    await chat.typeUntil('', 'report one.pdf: 50 % of 1.0 KiB\nalice>');
    expect(model.all.at(-1)!.body).toBe('meanwhile');
    held.resolve(undefined);
    await chat.type('');
    expect(chat.shown).toContain('you: [file] report one.pdf (1.0 KiB) (sending)');
    expect(chat.shown).not.toContain('50 %');
    model.receive('alice', 'a.txt', { kind: 'file', file: { name: 'a.txt', sizeBytes: 3 } });
    model.receive('alice', '../../x', { kind: 'file', file: { name: '../../x', sizeBytes: 3 } });
    await chat.type('');
    await chat.typeUntil(
      '/save 3 papers\r/save 3 "papers/b.txt"\r/save 4 papers/\r/save 1 x\r/file nothing\r',
      'is no file',
    );
    await chat.typeUntil('', '"nothing" is no file');
    expect(model.calls.filter((call) => call.startsWith('saveFile'))).toEqual([
      `saveFile m3 ${directory}/papers/a.txt`,
      `saveFile m3 ${directory}/papers/b.txt`,
    ]);
    expect(chat.shown).toContain(`Saved ${directory}/papers/a.txt`);
    expect(chat.said).toContain('#4 has a name that cannot be used here: choose one, /save 4 PATH/NAME');
    expect(chat.shown).toContain('"nothing" is no file');
  });

  it('under way are asked about before leaving', async () => {
    writeFileSync(join(directory, 'a'), 'x');
    const chat = await ChatOnTerminal.start(model, { open: 'alice', cwd: directory });
    model.hold = new Promise(() => undefined);
    await chat.typeUntil('/file a\r', 'a: 50 %');
    await chat.type('\u0003');
    expect(chat.prompt).toBe('1 file under way. Leave? (y/n)');
    await chat.type('n');
    expect(chat.hasEnded).toBe(false);
    await chat.type('/quit\r');
    await chat.type('y');
    expect(chat.hasEnded).toBe(true);
    await chat.stop();
    expect(model.calls).toContain('transfer cancelled');
    expect(chat.shown).not.toContain('E_CANCELLED');
  });
});

describe('the terminal', () => {
  it('C3: Ctrl-C clears the line and leaves on an empty one; Ctrl-D and a lost terminal leave; all is given back', async () => {
    const chat = await ChatOnTerminal.start(model, { open: 'alice' });
    expect({ isRaw: chat.isRaw, marks: chat.terminal.marksPastes }).toEqual({ isRaw: true, marks: true });
    await chat.type('never mind\u0003');
    expect({ prompt: chat.prompt, hasEnded: chat.hasEnded }).toEqual({ prompt: 'alice>', hasEnded: false });
    await chat.type('\u0003');
    expect(chat.hasEnded).toBe(true);
    await chat.stop();
    expect({ isRaw: chat.isRaw, marks: chat.terminal.marksPastes }).toEqual({ isRaw: false, marks: false });
    expect(chat.terminal.cursor.column).toBe(0);
    const other = await ChatOnTerminal.start(model);
    await other.type('x\u007f\u0004');
    expect(other.hasEnded).toBe(true);
    const third = await ChatOnTerminal.start(model);
    await third.hangUp();
    expect(third.hasEnded).toBe(true);
  });

  it('is as before while the process is stopped, and drawn anew when it goes on', async () => {
    const chat = await ChatOnTerminal.start(model, { open: 'alice' });
    await chat.type('half\u001a');
    expect({ signals: chat.signals, isRaw: chat.isRaw }).toEqual({ signals: ['SIGTSTP'], isRaw: false });
    // Where no shell could wake it, the system does not stop it.
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(chat.isRaw).toBe(true);
    await chat.type('\u001a');
    await chat.continue();
    expect({ isRaw: chat.isRaw, prompt: chat.prompt }).toEqual({ isRaw: true, prompt: 'alice> half' });
  });

  it.each([20, 33, 40, 80, 200])('fits %d columns, also after a resize', async (columns) => {
    const team = model.group('a group with a rather long name', ['me', 'alice', 'bob']);
    const texts = [
      'short',
      'a longer text that wraps',
      '漢字'.repeat(30),
      '👩‍👩‍👧‍👦'.repeat(15),
      'x'.repeat(150),
      'two\nlines',
    ];
    for (const body of texts) model.receive('alice', body, { conversation: team, reactions: { bob: '👍', me: '🎉' } });
    const chat = await ChatOnTerminal.start(model, { open: 'a group with a rather long name', columns, rows: 12 });
    await chat.type('/help\r/members\r/verify alice\r/chats\rwritten by me and long enough to wrap\r');
    await chat.type('漢字 and something that is still being written, and does not fit');
    const before = chat.shown.replace(/\s/g, '');
    expect(before).toContain('漢字'.repeat(30));
    expect(before).toContain('x'.repeat(150));
    expect(before).toMatch(/漢字andsomethingthatisstillbeingwritten,anddoesnotfit$/);
    expect(chat.terminal.overflows).toBe(0);
    await chat.resize(columns + 7, 9);
    await chat.resize(Math.max(20, columns - 13), 15);
    expect(chat.shown.replace(/\s/g, '')).toMatch(/漢字andsomethingthatisstillbeingwritten,anddoesnotfit$/);
    expect(chat.terminal.refused).toEqual([]);
  });

  it('shows the cursor where it is, over wide letters and lines', async () => {
    const chat = await ChatOnTerminal.start(model, { open: 'alice' });
    await chat.type('漢字👍🏽e\u0301x');
    expect(chat.terminal.cursor.column).toBe('alice> '.length + 8);
    await chat.type('\u001b[D\u001b[D');
    expect(chat.terminal.cursor.column).toBe('alice> '.length + 6);
    await chat.type('\u007f');
    expect(chat.prompt).toBe('alice> 漢字e\u0301x');
    await chat.type('\u0005\u001b\rsecond\u001b[A');
    expect(chat.terminal.cursor.column).toBe('alice> '.length + 6);
  });

  it('shows a long input around the cursor on a low terminal', async () => {
    const chat = await ChatOnTerminal.start(model, { open: 'alice', rows: 5 });
    await chat.paste(Array.from({ length: 40 }, (_, index) => `line ${index}`).join('\n'));
    expect(chat.prompt).toBe('  line 39');
    for (let index = 0; index < 30; index++) await chat.type('\u001b[A');
    expect(chat.terminal.screen[chat.terminal.cursor.row]).toBe('  line 9');
  });

  it('has colours of names that stay, and none without colour', async () => {
    model.receive('alice', 'hi');
    const coloured = await ChatOnTerminal.start(model, { open: 'alice', colour: true });
    expect(coloured.shown).toContain('#1 alice: hi');
    expect(coloured.terminal.refused).toEqual([]);
  });
});

describe('at the same time', () => {
  it('messages that come while a chat is opened are shown once, in their place', async () => {
    for (let index = 1; index <= 3; index++) model.receive('alice', `old ${index};`);
    const messages = model.messages.bind(model);
    model.messages = async (conversation, range) => {
      const page = await messages(conversation, range);
      for (let index = 4; index <= 6; index++) model.receive('alice', `new ${index};`);
      return page;
    };
    const chat = await ChatOnTerminal.start(model, { open: 'alice' });
    await chat.type('mine\r');
    const shown = [...chat.shown.matchAll(/(?:old|new) (\d);|you: (mine)/g)].map((match) => match[1] ?? match[2]);
    expect(shown).toEqual(['1', '2', '3', '4', '5', '6', 'mine']);
    expect((await model.conversations())[0]!.unread).toBe(0);
  });

  it('what is typed ahead is done in order, each in the chat that is open then', async () => {
    const chat = await ChatOnTerminal.start(model, { open: 'alice' });
    await chat.type('one\r/open bob\rtwo\rthree\r/open alice\rfour\r');
    expect(model.all.map(({ conversation, body }) => `${conversation} ${body}`)).toEqual([
      '@alice one',
      '@bob two',
      '@bob three',
      '@alice four',
    ]);
    expect(chat.prompt).toBe('alice>');
  });

  it('a call that does not answer holds nothing but what was typed after it', async () => {
    const chat = await ChatOnTerminal.start(model, { open: 'alice' });
    model.safetyNumber = () => new Promise(() => undefined);
    await chat.type('/verify\rheld back\r');
    chat.clock.move(2_000);
    model.receive('alice', 'still here');
    await chat.type('typing');
    expect(chat.shown).toContain('alice: still here');
    expect(chat.shown).toMatch(/working on it …\nalice> typing$/);
    await chat.type('\u0003\u0003');
    expect(chat.hasEnded).toBe(true);
  });

  it('a question is not answered by what was meant for others', async () => {
    const chat = await ChatOnTerminal.start(model, { open: 'alice' });
    await chat.type('text\r/delete 1\r');
    model.receive('alice', 'y');
    await chat.type('xq');
    expect(chat.prompt).toBe('Delete #1 for everybody? (y/n)');
    await chat.type('\r');
    expect(model.all[0]!.isDeleted).toBe(false);
    await chat.type('x');
    expect(chat.prompt).toBe('alice> x');
  });

  it('has numbers for the latest 5,000 of 20,000 messages, and answers keys as fast as before', async () => {
    const chat = await ChatOnTerminal.start(model, { open: 'alice' });
    model.messages = async () => [];
    const listened = model.tell.bind(model);
    const template = model.receive('alice', 'x');
    for (let index = 0; index < 20_000; index++) {
      listened({ type: 'message', message: { ...template, id: `n${index}`, order: index + 2, body: `text ${index}` } });
      if (index % 500 === 0) await chat.type('');
    }
    await chat.typeUntil('', 'text 19999');
    await chat.type('/edit 2 x\r/edit 19000 x\r');
    expect(chat.shown).toContain('There is no message #2 here');
    expect(chat.shown).toContain('#19000 is not yours to edit');
    await chat.type('\u0003');
    const started = performance.now();
    for (let index = 0; index < 50; index++) await chat.type('k');
    expect((performance.now() - started) / 50).toBeLessThan(50);
    expect(chat.prompt).toBe(`alice> ${'k'.repeat(50)}`);
  }, 60_000);
});
