/** The chat over the real messaging client, with its database and its encryption; the server is in memory. */
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { EventEmitter } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ProtocolError } from '@sealane/shared/errors';
import type { Agent, AgentState } from '../../src/agent/index.ts';
import { systemClock } from '../../src/chat/chat-clock.ts';
import { ClientModel } from '../../src/chat/client-model.ts';
import { World, type TestDevice } from '../messaging/world.ts';
import { ChatOnTerminal } from './chat-on-terminal.ts';

/** The server has it; how fast others get it is theirs. */
const IS_OUT = /\((?:sent|delivered|read)\)/;

let world: World;
const started: { readonly chat: ChatOnTerminal; readonly model: ClientModel }[] = [];

beforeEach(() => {
  world = new World();
});
afterEach(async () => {
  for (const { chat, model } of started.splice(0)) {
    await chat.stop();
    model.close();
  }
  await world.dispose();
});

/** The agent of a device, as far as a chat sees it. */
class FakeAgent extends EventEmitter {
  readonly #device: TestDevice;

  constructor(device: TestDevice) {
    super();
    this.#device = device;
  }

  get state(): AgentState {
    if (this.#device.connection.isConnected) return { state: 'connected', trust: 'pinned' } as unknown as AgentState;
    const error = new ProtocolError('E_CLOSED', 'offline');
    return { state: 'reconnecting', attempt: 1, delayMs: 1, reason: 'E_CLOSED', error };
  }

  connect(isConnected: boolean): void {
    this.#device.connection.isConnected = isConnected;
    this.emit('state', this.state);
  }
}

async function chatOf(device: TestDevice, open?: string): Promise<{ chat: ChatOnTerminal; agent: FakeAgent }> {
  const agent = new FakeAgent(device);
  const { client } = device;
  const model = new ClientModel({ client, agent: agent as unknown as Agent, clock: systemClock('UTC') });
  const options = { columns: 100, rows: 60, cwd: device.directory, isLive: true };
  const chat = await ChatOnTerminal.start(model, open === undefined ? options : { ...options, open });
  started.push({ chat, model });
  model.start();
  return { chat, agent };
}

describe('two people', () => {
  it('D1: write, answer, react, edit and delete, and see how far each message is', async () => {
    const [alice, bobby] = [await world.account('alice'), await world.account('bobby')];
    const { chat: hers } = await chatOf(alice, 'bobby');
    await hers.typeUntil('', 'bobby>');
    await hers.typeUntil('hello bobby\r', 'you: hello bobby (sent)');
    const { chat: his } = await chatOf(bobby);
    await his.typeUntil('', 'alice wrote: /open alice');
    await hers.typeUntil('', 'you: hello bobby (delivered)');
    await his.typeUntil('/open alice\r', '#1 alice: hello bobby');
    await hers.typeUntil('', 'you: hello bobby (read)');
    await his.typeUntil('/reply 1 hi 漢字\r', '#2 you: hi 漢字');
    await hers.typeUntil('', /┌ #1 you: hello bobby\n\S+ #2 bobby: hi 漢字/);
    await hers.typeUntil('/react 2 👍\r', '👍 alice');
    await his.typeUntil('', '👍 alice');
    await his.typeUntil('/edit 2 hi there\r', 'you edited #2: hi there');
    await hers.typeUntil('', 'bobby edited #2: hi there');
    await his.typeUntil('/delete 2\r', 'Delete #2 for everybody? (y/n)');
    await his.type('y');
    await hers.typeUntil('', '#2 bobby: (deleted)');
    await his.typeUntil('typing', 'alice> typing');
    await hers.typeUntil('', 'bobby is writing …');
    await his.type('\u0003');
    await hers.typeUntil('', /bobby>$/);
    expect(hers.shown).not.toContain('is writing');
    expect([...alice.troubles, ...bobby.troubles]).toEqual([]);
  }, 60_000);

  it('R3: without a connection all is kept; it goes out once and in order, also after the chat was ended', async () => {
    const [alice, bobby] = [await world.account('alice'), await world.account('bobby')];
    const { chat: his } = await chatOf(bobby);
    const { chat: hers, agent } = await chatOf(alice, 'bobby');
    await hers.typeUntil('one\r', IS_OUT);
    agent.connect(false);
    await hers.typeUntil('two\rthree\r', 'you: three (sending)');
    expect(hers.prompt).toBe('bobby (offline)>');
    await hers.type('four is not fin');
    const first = started.findIndex(({ chat }) => chat === hers);
    for (const { chat, model } of started.splice(first, 1)) {
      await chat.stop();
      model.close();
    }
    expect(hers.said).toContain('2 messages are not sent yet, and kept');
    await alice.restart();
    alice.connection.isConnected = true;
    const { chat: again } = await chatOf(alice, 'bobby');
    expect(again.prompt).toBe('bobby> four is not fin');
    await again.typeUntil('ished\r', 'you: four is not finished (');
    await his.typeUntil('/open alice\r', 'alice: four is not finished');
    const texts = [...his.shown.matchAll(/#\d+ alice: (.*)$/gm)].map(([, text]) => text);
    expect(texts).toEqual(['one', 'two', 'three', 'four is not finished']);
  }, 60_000);

  it('D7: a file goes over and is saved as it was, and nothing is replaced', async () => {
    const [alice, bobby] = [await world.account('alice'), await world.account('bobby')];
    const bytes = randomBytes(200_000);
    writeFileSync(join(alice.directory, 'picture.bin'), bytes);
    const { chat: hers } = await chatOf(alice, 'bobby');
    const { chat: his } = await chatOf(bobby);
    await hers.typeUntil('/file pic\t', '/file picture.bin');
    await hers.typeUntil('\r', /\[file\] picture\.bin \(195\.3 KiB\) \((?:sent|delivered|read)\)/);
    await his.typeUntil('', 'alice wrote');
    await his.typeUntil('/open alice\r', '[file] picture.bin (195.3 KiB)');
    await his.typeUntil('/save 1 .\r', 'Saved ');
    expect(readFileSync(join(bobby.directory, 'picture.bin')).equals(bytes)).toBe(true);
    await his.typeUntil('/save 1 .\r', 'E_FILE_EXISTS');
  }, 60_000);

  it('E10: both see the same number, and a confirmed one is verified from then on', async () => {
    const [alice, bobby] = [await world.account('alice'), await world.account('bobby')];
    const { chat: hers } = await chatOf(alice, 'bobby');
    await hers.typeUntil('hello\r', IS_OUT);
    const { chat: his } = await chatOf(bobby);
    await his.typeUntil('', 'alice wrote');
    const digits = /(?:^ {4}\d{5}(?: \d{5}){3}\n){3}/m;
    await hers.typeUntil('/verify\r', digits);
    await his.typeUntil('/verify alice\r', digits);
    expect(digits.exec(hers.shown)?.[0]).toBe(digits.exec(his.shown)?.[0]);
    await hers.typeUntil('/verify confirm\r/members\r', /^bobby +verified · /m);
  }, 60_000);

  it('D5: three in a group; who is removed is told, and the others go on', async () => {
    const [alice, bobby, carol] = [
      await world.account('alice'),
      await world.account('bobby'),
      await world.account('carol'),
    ];
    const { chat: his } = await chatOf(bobby);
    const { chat: carols } = await chatOf(carol);
    await Promise.all([alice.client.sync(), bobby.client.sync(), carol.client.sync()]);
    const { conversation } = await alice.client.createGroup('team', ['bobby', 'carol']);
    const { chat: hers } = await chatOf(alice, 'team');
    await hers.typeUntil('hello team\r', 'you: hello team');
    await his.typeUntil('', 'alice wrote in team');
    await carols.typeUntil('', 'alice wrote in team');
    await his.typeUntil('/open team\r', 'alice: hello team');
    await carols.typeUntil('/open team\r', '3 members: /members');
    await alice.client.removeMembers(conversation, ['bobby']);
    await his.typeUntil('', 'You are not a member of this group any more');
    await hers.typeUntil('only us\r', 'you: only us');
    await carols.typeUntil('', 'alice removed bobby');
    await carols.typeUntil('', 'alice: only us');
    expect(his.shown).not.toContain('only us');
    await his.typeUntil('still here?\r', 'E_NO_GROUP');
    expect(his.prompt).toBe('team> still here?');
  }, 60_000);

  it('a second process of the same device shows the same, and goes on when the first one ends', async () => {
    const [alice, bobby] = [await world.account('alice'), await world.account('bobby')];
    const { chat: first } = await chatOf(alice, 'bobby');
    await first.typeUntil('begin\r', IS_OUT);
    const other = Object.create(alice, { client: { value: undefined, writable: true } }) as TestDevice;
    await other.open();
    const { chat: second } = await chatOf(other, 'bobby');
    expect(second.shown).toContain('you: begin');
    const { chat: his } = await chatOf(bobby, 'alice');
    await his.typeUntil('for both\r', 'you: for both');
    await first.typeUntil('', 'bobby: for both');
    await second.typeUntil('', 'bobby: for both');
    await second.typeUntil('from the second\r', 'you: from the second');
    await his.typeUntil('', 'alice: from the second');
    await first.typeUntil('', 'you: from the second');
    await alice.client.close();
    await his.typeUntil('are you there?\r', 'you: are you there?');
    await second.typeUntil('', 'bobby: are you there?');
    await other.client.close();
  }, 60_000);
});
