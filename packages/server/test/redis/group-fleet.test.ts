/** A group whose members sit on three real nodes: one member leaves, one node is killed. Every event has one owner at a time. */
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Event } from '@sealane/shared/packets';
import { EventAgent } from '../delivery/event-agent.ts';
import { NodeFleet, type FleetNode } from '../nodes/node-fleet.ts';
import { describeWithRedis } from '../redis-server.ts';
import { eventually } from '../eventually.ts';

const WORK_MS = 60;
const EVERY_MS = 50;
const BATCH = 4;
/** A node that died is missed by then. */
const TWO_LEASES_MS = 22_000;

class Worker {
  readonly agent: EventAgent;
  readonly #owners: Owners;
  isGone = false;

  private constructor(agent: EventAgent, owners: Owners) {
    this.agent = agent;
    this.#owners = owners;
    agent.onEvent = (event) => {
      if (!this.isGone) void this.#work(event);
    };
  }

  static async join(node: FleetNode, name: string, owners: Owners): Promise<Worker> {
    const worker = new Worker(await EventAgent.open({ port: node.port, agentId: name }), owners);
    await worker.agent.subscribe('work', { group: 'workers' });
    return worker;
  }

  leave(): void {
    this.isGone = true;
    this.#owners.free(this);
    this.agent.agent.destroy();
  }

  async #work(event: Event): Promise<void> {
    this.#owners.take(event, this);
    await sleep(WORK_MS);
    if (this.isGone) return;
    this.#owners.done(event);
    this.agent.ack(event);
  }
}

/** Who works on what, as the workers see it. */
class Owners {
  readonly wrong: string[] = [];
  /** How often an event was done, by its body. */
  readonly counts = new Map<string, number>();
  readonly repeated = new Set<number>();
  readonly #seen = new Set<number>();
  readonly #owners = new Map<number, Worker>();
  /** What had an owner that is gone may come again, and what its node had read and not delivered counts as seen. */
  hasLost = false;

  take({ sequence, attempt }: Event, worker: Worker): void {
    if (this.#owners.has(sequence)) this.wrong.push(`${sequence} has two owners`);
    const wasSeen = this.#seen.has(sequence);
    if (wasSeen && !this.hasLost) this.wrong.push(`${sequence} comes again`);
    if (wasSeen ? attempt < 2 : attempt > 1 && !this.hasLost) this.wrong.push(`${sequence} is attempt ${attempt}`);
    if (wasSeen) this.repeated.add(sequence);
    this.#seen.add(sequence);
    this.#owners.set(sequence, worker);
  }

  done({ sequence, body }: Event): void {
    this.#owners.delete(sequence);
    const key = Buffer.from(body).toString();
    this.counts.set(key, (this.counts.get(key) ?? 0) + 1);
  }

  /** What a worker has in hand. */
  of(worker: Worker): readonly number[] {
    return [...this.#owners].filter(([, owner]) => owner === worker).map(([sequence]) => sequence);
  }

  free(worker: Worker): void {
    this.hasLost = true;
    for (const sequence of this.of(worker)) this.#owners.delete(sequence);
  }
}

/** Publishes all the time. */
class Publisher {
  readonly #agent: EventAgent;
  readonly #running: Promise<void>;
  number = 0;
  #isEnding = false;

  private constructor(agent: EventAgent) {
    this.#agent = agent;
    this.#running = this.#run();
  }

  static async start(node: FleetNode): Promise<Publisher> {
    const agent = await EventAgent.open({ port: node.port, agentId: 'publisher' });
    await agent.openProducer();
    return new Publisher(agent);
  }

  /** Ends when all has its receipt. */
  async end(): Promise<void> {
    this.#isEnding = true;
    await this.#running;
    await eventually('all receipts', () => this.#agent.stored === this.number, 30_000);
    this.#agent.agent.destroy();
  }

  async #run(): Promise<void> {
    while (!this.#isEnding) {
      for (let count = 0; count < BATCH; count++) {
        this.number += 1;
        this.#agent.publish(this.number, 'topic:work', Buffer.from(`event ${this.number}`));
      }
      this.#agent.agent.wake();
      await sleep(EVERY_MS);
    }
  }
}

describeWithRedis('a group on three nodes', () => {
  let fleet: NodeFleet;
  let workers: Worker[];

  beforeEach(async () => {
    fleet = await NodeFleet.start();
    workers = [];
  });
  afterEach(async () => {
    for (const { agent } of workers) agent.agent.destroy();
    await fleet.stop();
  });

  it('R12, M7: a member leaves, then its node is killed: every event is done, by one at a time, attempts are right', async () => {
    const nodes = [await fleet.node('first')];
    nodes.push(...(await Promise.all([fleet.node('second'), fleet.node('third')])));
    const [first, second, third] = nodes as [FleetNode, FleetNode, FleetNode];
    const owners = new Owners();
    for (const [index, node] of [second, second, second, first, third].entries())
      workers.push(await Worker.join(node, `worker-${index}`, owners));
    const publisher = await Publisher.start(first);
    const [leaver, ...others] = workers as [Worker, ...Worker[]];
    await eventually('all at work', () => workers.every(({ agent }) => agent.events.length > 20), 30_000);

    // It joined first, so its node reads in its name; what the others of this node work on stays with them.
    leaver.leave();
    await sleep(1_500);
    expect(owners.wrong).toEqual([]);
    const attempts = new Set(others.flatMap(({ agent }) => agent.events.map(({ attempt }) => attempt)));
    expect([...attempts].every((attempt) => attempt <= 2)).toBe(true);

    const ofSecond = others.slice(0, 2);
    await eventually('both at work', () => ofSecond.every((worker) => owners.of(worker).length > 0), 30_000);
    const held = ofSecond.flatMap((worker) => owners.of(worker));
    for (const worker of ofSecond) worker.isGone = true;
    await second.process.end('SIGKILL');
    for (const worker of ofSecond) owners.free(worker);
    const missing = (): readonly number[] => held.filter((sequence) => !owners.repeated.has(sequence));
    await eventually('what it held comes again', () => missing().length === 0, TWO_LEASES_MS);
    await publisher.end();
    await eventually('all done', () => owners.counts.size === publisher.number, TWO_LEASES_MS);
    expect(owners.wrong).toEqual([]);
    expect(Math.max(...owners.counts.values())).toBeLessThanOrEqual(2);
  }, 180_000);
});
