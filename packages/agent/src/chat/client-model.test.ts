import { beforeEach, describe, expect, it } from '@jest/globals';
import { EventEmitter } from 'node:events';
import { setImmediate as turn } from 'node:timers/promises';
import { ProtocolError } from '@sealane/shared/errors';
import type { Agent, AgentState } from '../agent/index.ts';
import type { Conversation, Message, MessagingClient, MessagingEvent } from '../messaging/index.ts';
import { systemClock, type ChatClock } from './chat-clock.ts';
import type { ChatEvent } from './chat-model.ts';
import { ClientModel } from './client-model.ts';

/** A client whose database another process writes; the parts that are used. */
class FakeClient extends EventEmitter<{ event: [MessagingEvent] }> {
  username: string | undefined = 'me';
  isMine = false;
  failure: Error | undefined;
  syncs = 0;
  all: Message[] = [];
  list: Conversation[] = [];
  readonly begun: string[] = [];

  async sync(): Promise<boolean> {
    this.syncs++;
    if (this.failure !== undefined) throw this.failure;
    return this.isMine;
  }

  latest = async (limit: number): Promise<readonly Message[]> => this.all.slice(-limit);
  since = async (order: number): Promise<readonly Message[]> => this.all.filter((each) => each.order > order);
  conversations = async (): Promise<readonly Conversation[]> => this.list;
  conversation = async (id: string): Promise<Conversation | undefined> => this.list.find((each) => each.id === id);
  confirmSafetyNumber: (name: string) => Promise<void> = async () => undefined;
  safetyNumber = async (): Promise<unknown> => ({ digits: '12345 67890', code: '', trust: 'verified' });

  async conversationWith(name: string): Promise<string> {
    this.begun.push(name);
    this.list.push(conversation(`@${name}`));
    return `@${name}`;
  }
}

function conversation(id: string, name = id.slice(1)): Conversation {
  const kind = id.startsWith('#') ? 'group' : 'direct';
  const rest = { unread: 0, lastAt: 0, lastText: '', draft: '', expiresAfterSeconds: 0 };
  return { id, kind, username: kind === 'direct' ? name : undefined, name, ...rest };
}

function message(id: string, body: string, order = id.charCodeAt(0)): Message {
  return { id, body, order } as Message;
}

let client: FakeClient;
let agent: EventEmitter & { state: AgentState };
let events: ChatEvent[];
let due: (() => void)[];
let model: ClientModel;

beforeEach(() => {
  client = new FakeClient();
  agent = Object.assign(new EventEmitter(), { state: { state: 'connecting', server: 's' } as const });
  events = [];
  due = [];
  const clock: ChatClock = { ...systemClock('UTC'), after: (_, task) => (due.push(task), () => (due = [])) };
  model = new ClientModel({ client: client as unknown as MessagingClient, agent: agent as unknown as Agent, clock });
  model.listen((event) => events.push(event));
});

/** Lets the time pass after which the database is looked at again. */
async function look(): Promise<void> {
  for (const task of due.splice(0)) task();
  for (let index = 0; index < 10; index++) await turn();
}

describe('ClientModel', () => {
  it('reads what another process wrote, and takes over when that ends', async () => {
    client.all = [message('a', 'old')];
    model.start();
    await look();
    events.length = 0;
    client.all = [message('a', 'edited'), message('b', 'new')];
    client.list = [conversation('@bob')];
    await look();
    expect(events).toEqual([
      { type: 'message', message: message('b', 'new') },
      { type: 'message-changed', message: message('a', 'edited') },
      { type: 'conversation-changed', conversation: '' },
    ]);
    client.isMine = true;
    await look();
    const { syncs } = client;
    await look();
    expect(client.syncs).toBe(syncs);
    // A receipt for what another process sent: the first that is heard of it.
    client.emit('event', { type: 'message-changed', message: message('c', 'live') });
    // Where this process takes what comes in, others may write all the same; nothing is told twice.
    client.all = [message('a', 'edited'), message('b', 'new'), message('c', 'live'), message('d', 'of another')];
    const before = events.length;
    await look();
    expect(events.slice(before - 1)).toEqual([
      { type: 'message', message: message('c', 'live') },
      { type: 'message', message: message('d', 'of another') },
    ]);
  });

  it('tells 500 that another process wrote at once, each once and in order', async () => {
    model.start();
    await look();
    client.all = Array.from({ length: 500 }, (_, index) => message(`m${index}`, 'x', index + 1));
    await look();
    await look();
    const told = events.flatMap((event) => (event.type === 'message' ? [event.message.order] : []));
    expect(told).toEqual(Array.from({ length: 500 }, (_, index) => index + 1));
  });

  it('does not tell as news what is accepted here', async () => {
    const event = { type: 'contact-changed', username: 'bob', change: 'identity' } as const;
    const names: string[] = [];
    client.confirmSafetyNumber = (username) => {
      names.push(username);
      client.emit('event', { ...event, change: 'trust' });
      return Promise.resolve();
    };
    await model.confirmSafetyNumber('Bob');
    expect([names, events]).toEqual([['bob'], []]);
    client.emit('event', event);
    expect(events).toEqual([event]);
  });

  it('tells a trouble that goes on once, and tries again', async () => {
    client.failure = new ProtocolError('E_NO_MESSAGING', 'no messaging here');
    model.start();
    for (let index = 0; index < 5; index++) await look();
    expect(events.filter(({ type }) => type === 'trouble')).toHaveLength(1);
    expect(client.syncs).toBeGreaterThan(3);
    model.close();
    expect(due).toEqual([]);
  });

  it('opens by id, username and name of a group, and begins a chat where there is none', async () => {
    client.list = [conversation('@bob'), conversation('#00ff', 'team')];
    expect((await model.open('#00ff')).name).toBe('team');
    expect((await model.open('team')).id).toBe('#00ff');
    expect((await model.open('@BOB')).id).toBe('@bob');
    expect(client.begun).toEqual([]);
    const opened = model.open('Carol');
    for (let index = 0; index < 10; index++) await turn();
    // Without a connection it is waited for.
    expect(client.begun).toEqual([]);
    agent.state = { state: 'connected', trust: 'pinned' } as unknown as AgentState;
    agent.emit('state', agent.state);
    expect((await opened).id).toBe('@carol');
    expect(client.begun).toEqual(['carol']);
    await expect(model.open('no user name')).rejects.toMatchObject({ code: 'E_USAGE' });
  });

  it('tells the connection, and what has to be known of it', () => {
    const error = new ProtocolError('E_IDENTITY_CHANGED', 'another identity');
    agent.emit('state', { state: 'connected', trust: 'first-contact', server: 'h:1', fingerprint: 'SHA256:x' });
    agent.emit('state', { state: 'reconnecting', error });
    agent.emit('state', { state: 'closed', reason: 'over', error });
    expect(events).toEqual([
      { type: 'connection', isConnected: true, detail: expect.stringContaining('its identity SHA256:x is recorded') },
      { type: 'connection', isConnected: false, detail: 'another identity' },
      { type: 'connection', isConnected: false, detail: 'over' },
      { type: 'trouble', error },
    ]);
  });

  it('has the digits alone, and needs an account', async () => {
    agent.state = { state: 'connected', trust: 'pinned' } as unknown as AgentState;
    expect((await model.safetyNumber('bob')).digits).toBe('1234567890');
    client.username = undefined;
    const options = { client: client as unknown as MessagingClient, agent, clock: systemClock() };
    expect(() => new ClientModel(options as never)).toThrow(expect.objectContaining({ code: 'E_NO_ACCOUNT_HERE' }));
  });
});
