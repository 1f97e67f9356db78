/** Two people of the sample data and what they wrote to each other: sealed on the way, and opened again to see that it was. */
import { join } from 'node:path';
import { connect, openMessaging, type Agent, type MessagingClient } from '@sealane/agent';
import type { FleetTarget } from '../agents/fleet.ts';

const TALK: readonly (readonly [from: 'ada' | 'ben', text: string])[] = [
  ['ada', 'The truck is late again.'],
  ['ben', 'Its events wait for it. And the printer?'],
  ['ada', 'Out of paper. Three dead letters.'],
];
const TO_THE_TEAM = 'Nobody but us can read this, the server neither.';

interface Person {
  readonly agent: Agent;
  readonly messages: MessagingClient;
}

export class DemoPeople {
  readonly #target: FleetTarget;
  readonly #suffix: string;
  readonly #folder: string;
  readonly #people: Person[] = [];

  /** @param folder for their data directories. */
  constructor(target: FleetTarget, suffix: string, folder: string) {
    this.#target = target;
    this.#suffix = suffix;
    this.#folder = folder;
  }

  /** Their names as the server knows them. */
  name(name: 'ada' | 'ben'): string {
    return `${name}_${this.#suffix}`;
  }

  directory(name: 'ada' | 'ben'): string {
    return join(this.#folder, name);
  }

  /** @throws ProtocolError `E_NO_MESSAGING`, `E_REGISTRATION_CLOSED` where the server has no messages or takes nobody. */
  async talk(): Promise<void> {
    const people = { ada: await this.#person('ada'), ben: await this.#person('ben') };
    for (const [name, text] of TALK) {
      const { messages } = people[name];
      const chat = await messages.conversationWith(this.name(name === 'ada' ? 'ben' : 'ada'));
      await messages.sendAndWait(chat, { text });
      await people[name === 'ada' ? 'ben' : 'ada'].messages.sync();
    }
    const { conversation } = await people.ada.messages.createGroup('dispatch', [this.name('ben')]);
    await people.ada.messages.sendAndWait(conversation, { text: TO_THE_TEAM });
    await people.ben.messages.sync();
    await this.#expectRead(people.ben.messages);
  }

  async close(): Promise<void> {
    for (const { agent, messages } of this.#people.splice(0)) {
      await messages.close();
      await agent.close();
    }
  }

  async #person(name: 'ada' | 'ben'): Promise<Person> {
    const { host, port, serverKey } = this.#target;
    const dataDir = this.directory(name);
    const agent = await connect({ server: { host, port }, serverKey, dataDir });
    const messages = await openMessaging(agent, { dataDir });
    const person = { agent, messages };
    this.#people.push(person);
    await messages.accounts.register(this.name(name), {});
    await messages.sync();
    return person;
  }

  /** @throws Error where something that was sent cannot be read. */
  async #expectRead(reader: MessagingClient): Promise<void> {
    const read = new Set((await reader.latest(2 * TALK.length)).map(({ body }) => body));
    const missing = [...TALK.map(([, text]) => text), TO_THE_TEAM].filter((text) => !read.has(text));
    if (missing.length > 0) throw new Error(`a message was not read: ${missing.join(' / ')}`);
  }
}
