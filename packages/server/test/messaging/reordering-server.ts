/**
 * Program: the product's server over its own port, data directory and store, which hands out the queues of devices as it is
 * told: `reordering-server.ts DIRECTORY`. It says where it listens, takes a `Disorder` at a time, and says when that counts.
 * Not part of the product.
 */
import { randomBytes } from 'node:crypto';
import { createLogger } from '@sealane/node/log';
import { decodeItem, encodeItem } from '@sealane/shared/items';
import { Dice } from '@sealane/shared/testing';
import { createServer, type Server } from '../../src/index.ts';
import type { NewEvent, PublishResult, QueueItem, Settlement } from '../../src/store/index.ts';

/** What is done to queues; what is left out stays as it should be. */
interface Disorder {
  /** The newest item first, or all in an order of this seed. */
  readonly order?: 'reversed' | number;
  /** So many items are handed out to one connection, and it is told of no more; the rest waits for the next one. */
  readonly itemsPerVisit?: number;
  /** Behind each item it comes once more, and behind each message one with an id of its own and a turned bit. */
  readonly copies?: boolean;
  /** Commits are swallowed. */
  readonly losesCommits?: boolean;
}

const STORED: PublishResult = { status: 'stored', sequence: 0, durability: 'durable' };

function disorder(server: Server): (told: Disorder) => void {
  const { store } = server.delivery;
  const [read, settle] = [store.read.bind(store), store.settle.bind(store)];
  const [openQueue, publish] = [store.openQueue.bind(store), store.publish.bind(store)];
  const handed = new Map<string, Set<number>>();
  let told: Disorder = {};
  store.read = async (queueId, request, lease) => {
    const items = ordered(await read(queueId, request, lease), told).slice(0, told.itemsPerVisit);
    const known = handed.get(queueId) ?? new Set();
    handed.set(queueId, known);
    for (const item of items) if (item.kind === 'event') known.add(item.sequence);
    return items;
  };
  // Whoever reads a queue takes all below what it was given for given too: that is not so here.
  store.settle = async (queueId, settlements, lease) => {
    const given = [...(handed.get(queueId) ?? [])];
    const singly = settlements.flatMap((settlement): readonly Settlement[] => {
      if (settlement.kind !== 'acked-to') return [settlement];
      const done = given.filter((sequence) => sequence <= settlement.sequence);
      return done.map((sequence) => ({ kind: 'acked', sequence }));
    });
    await settle(queueId, singly, lease);
  };
  store.openQueue = async (spec) => {
    const info = await openQueue(spec);
    return { ...info, waiting: Math.min(info.waiting, told.itemsPerVisit ?? info.waiting) };
  };
  store.publish = async (events) => {
    const kept = events.filter(({ body }) => told.losesCommits !== true || decodeItem(body)?.kind !== 'commit');
    const published = kept.flatMap((event) => [event, ...copiesOf(event, told)]);
    const results = await publish(published);
    // Who publishes one that is swallowed is told that it is stored.
    return events.map((event) => results[published.indexOf(event)] ?? STORED);
  };
  return (next) => (told = next);
}

function ordered(items: readonly QueueItem[], { order }: Disorder): readonly QueueItem[] {
  if (order === 'reversed') return items.toReversed();
  if (order === undefined) return items;
  const dice = new Dice(order);
  return items
    .map((item) => ({ item, place: dice.fraction() }))
    .sort((one, other) => one.place - other.place)
    .map(({ item }) => item);
}

function copiesOf(event: NewEvent, { copies = false }: Disorder): readonly NewEvent[] {
  if (!copies) return [];
  const again = { ...event, id: `${event.id}.again` };
  const item = decodeItem(event.body);
  if (item?.kind !== 'message' || item.body === undefined) return [again];
  const turned = Uint8Array.from(item.body);
  turned[turned.length - 1]! ^= 1;
  const forged = encodeItem({ ...item, body: turned, messageId: randomBytes(item.messageId.length) });
  return [again, { ...event, id: `${event.id}.forged`, body: forged }];
}

const [, , dataDirectory = ''] = process.argv;
const log = createLogger({ level: 'error', stream: process.stderr, json: true });
const server = createServer({ dataDirectory, host: '127.0.0.1', port: 0, enrolment: 'open', log });
const { port } = await server.listen();
const tell = disorder(server);
process.on('message', (told: Disorder) => {
  tell(told);
  process.send?.('told');
});
process.send?.({ port });
