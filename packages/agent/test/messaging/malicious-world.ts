/** A world whose server lies: what it has is read, changed, withheld and made up by the test. */
import { randomBytes } from 'node:crypto';
import { fromHex, toHex } from '@sealane/shared/bytes';
import { decodeItem, encodeItem, type GroupItem, type Item } from '@sealane/shared/items';
import { World, type TestDevice } from './world.ts';

const COMMIT = 0x4d;
const SEND = 0x4e;

export class MaliciousWorld extends World {
  /** Two devices, the first of which has written to the second. */
  async pair(): Promise<readonly [TestDevice, TestDevice]> {
    const alice = await this.account('alice');
    const bob = await this.account('bobby');
    await Promise.all([alice.client.sync(), bob.client.sync()]);
    await this.say(alice, '@bobby', 'first', bob);
    return [alice, bob];
  }

  /** Sends a text and waits until the others show it. */
  async say(from: TestDevice, chat: string, text: string, ...to: readonly TestDevice[]): Promise<void> {
    if (chat.startsWith('@')) await from.client.conversationWith(chat.slice(1));
    await from.client.sendAndWait(chat, { text });
    const isThere = async (device: TestDevice): Promise<boolean> =>
      (await device.client.latest(100)).some(({ body, state }) => body === text && state === 'decrypted');
    await this.until(text, async () => (await Promise.all(to.map(isThere))).every(Boolean));
  }

  /** The groups of the server, by id. */
  get groupIds(): readonly Uint8Array[] {
    return [...this.server.groups.keys()].map((name) => fromHex(name) ?? new Uint8Array(0));
  }

  /** GroupInfo as the server has it. */
  groupInfoOf(group: Uint8Array): Uint8Array {
    const blob = this.server.groups.get(toHex(group))?.groupInfoBlob ?? new Uint8Array(0);
    return this.server.blobs.get(toHex(blob))?.bytes ?? new Uint8Array(0);
  }

  /** A key package of a user, as the server has it. */
  async keyPackageOf(username: string): Promise<Uint8Array> {
    const answer = await this.server.connection('server', randomBytes(32)).call(0x4b, { username, devices: [] });
    const [first] = answer.keyPackages;
    if (first === undefined) throw new Error('no key package');
    return first;
  }

  /** Puts items into the queue of a device as if they were somebody's, and waits until it took all. */
  async deliver(device: TestDevice, ...items: readonly Item[]): Promise<void> {
    const queue = this.server.queue(device.agentId);
    queue.items.push(...items.map(encodeItem));
    this.server.release(device.agentId);
    await this.until('taken', () => queue.items.length === 0 && !queue.isBusy);
  }

  /** Counts what a device sends from now on. */
  sendsOf(agentId: string): () => number {
    let count = 0;
    this.server.onCall = (from, id, when) => {
      if (from === agentId && (id === COMMIT || id === SEND) && when === 'before') count++;
    };
    return () => count;
  }

  /** Items of a kind that wait for a device. */
  held(agentId: string, kind: Item['kind']): readonly Item[] {
    const items = this.server.queue(agentId).items.map((bytes) => decodeItem(bytes));
    return items.filter((item) => item?.kind === kind).filter((item) => item !== undefined);
  }

  /** These are never delivered. */
  withhold(agentId: string, items: readonly Item[]): void {
    const queue = this.server.queue(agentId);
    const unwanted = new Set(items.map((item) => toHex(encodeItem(item))));
    queue.items.splice(0, queue.items.length, ...queue.items.filter((bytes) => !unwanted.has(toHex(bytes))));
  }
}

/** An item that the server made up. */
export function madeUp(
  kind: GroupItem['kind'],
  place: Pick<GroupItem, 'group' | 'epoch'>,
  body: Uint8Array = new Uint8Array(0),
): GroupItem {
  return { kind, at: Date.now(), messageId: new Uint8Array(randomBytes(16)), sequence: 99, ...place, body };
}

/** What a device said about its groups. */
export function groupStatesOf(device: TestDevice): readonly string[] {
  return device.events.flatMap((event) => (event.type === 'group-state' ? [event.state] : []));
}

/** Who is in a chat, as a device shows it. */
export async function membersOf(device: TestDevice, chat: string): Promise<readonly string[]> {
  return (await device.client.members(chat)).map(({ username }) => username).sort();
}
