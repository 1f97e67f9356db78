/**
 * SimAgent: an agent of a world and its program, from start to end, over and over, on one disk. The program subscribes,
 * works on what it gets, well or badly, and publishes; all that it sees it tells the checker.
 */
import { silentLogger, type Logger } from '@sealane/node/log';
import { IdentityKeys, fingerprint } from '@sealane/shared/crypto';
import { nativeCrypto } from '@sealane/shared/crypto-native';
import { ProtocolError } from '@sealane/shared/errors';
import type { SessionLimits, SuiteId } from '@sealane/shared/wire';
import {
  Backoff,
  DEFAULT_OUTBOX_LIMITS,
  DEFAULT_RECONNECT_POLICY,
  MemoryKnownServers,
  ServerTrust,
  Supervisor,
} from '@sealane/agent/testing';
import { RetryLater, type Agent, type DeliveredEvent } from '@sealane/agent';
import type { Checker, PublishedEvent, SimSubscription } from '../check/checker.ts';
import { NODES_HOST } from '../node/sim-node.ts';
import type { PlantedBug } from '../planted/planted-bug.ts';
import { ROOT, type VirtualFiles } from '../platform/virtual-files.ts';
import type { Dice } from '@sealane/shared/testing';
import { sessionEnvironment } from '../world/sim-crypto.ts';
import { SimProcess } from '../world/sim-process.ts';
import type { World } from '../world/world.ts';

/** A durable subscription that the program of an agent makes at every start. */
export interface ProgramSubscription extends SimSubscription {
  readonly topic: string | null;
  readonly group: string | undefined;
  readonly isManual: boolean;
  readonly windowEvents: number;
  readonly concurrency: number;
}

/** How a program behaves; it may change while it runs. */
export interface Manners {
  /** Chances of what a handler does wrong. */
  handlerFails: number;
  handlerHangs: number;
  /** Longest time of a handler, ms. */
  handlerMs: number;
  /** How long a handler of a group works on top, ms; it asks for time meanwhile. */
  groupMs: number;
  /** Between two bursts of events, ms; 0 publishes nothing. */
  publishEveryMs: number;
}

export interface AgentSettings {
  readonly world: World;
  readonly checker: Checker;
  readonly manners: Manners;
  readonly addresses: readonly string[];
  readonly suites: readonly SuiteId[];
  readonly limits: SessionLimits;
  readonly isPortable: boolean;
  readonly serverKey: string;
  readonly files: VirtualFiles;
  readonly bug: PlantedBug | undefined;
}

const PORT = 1337;
const CONNECT_MS = 10_000;
const SEED_BYTES = 32;
const RESTART_MS = [200, 5_000] as const;
const HANG_MS = [2_000, 20_000] as const;
/** A handler that works long asks for time so often. */
const PROGRESS_MS = 500;
/**
 * Why an agent has no connection, or is closed: it is cut, silent, or replaced by a newer one, or nobody listens. Any other
 * reason is a mistake of the product, which coming back would hide.
 */
const REASONS: readonly (string | undefined)[] = [
  ...['E_TRUNCATED', 'E_UNREACHABLE', 'E_IDLE', 'E_HANDSHAKE_TIMEOUT', 'E_REPLACED'],
  undefined,
];
/** Why an event is not published: its disk failed or is full, its agent is closed, nothing answered in time. */
const REFUSALS: readonly string[] = ['E_STORAGE', 'E_OUTBOX_FULL', 'E_CLOSED', 'E_TIMEOUT', 'E_UNKNOWN_ADDRESS'];

export class SimAgent {
  readonly id: string;
  readonly subscriptions: readonly ProgramSubscription[];
  /** Lives at present; more than one where a duplicate was started. */
  readonly lives = new Set<SimProcess>();
  readonly #agents = new Map<SimProcess, Agent>();
  readonly #settings: AgentSettings;
  readonly #dice: Dice;
  readonly #keys: IdentityKeys;
  /** On its disk. */
  readonly #known = new MemoryKnownServers();
  #eventsMade = 0;
  #readyCount = 0;

  constructor(id: string, subscriptions: readonly ProgramSubscription[], settings: AgentSettings) {
    this.id = id;
    this.subscriptions = subscriptions;
    this.#settings = settings;
    this.#dice = settings.world.dice.fork(`agent ${id}`);
    this.#keys = new IdentityKeys(nativeCrypto, this.#dice.bytes(SEED_BYTES));
  }

  /** Whether the server has made all its subscriptions. */
  get isReady(): boolean {
    return this.#readyCount >= this.subscriptions.length;
  }

  /** Starts a life. It is started again when none is left. */
  start(): void {
    const { world } = this.#settings;
    const process = new SimProcess(world, this.id);
    this.lives.add(process);
    process.atEnd(() => {
      this.lives.delete(process);
      this.#agents.delete(process);
      world.schedule(undefined, this.#dice.between(...RESTART_MS), () => {
        if (this.lives.size === 0) this.start();
      });
    });
    process.enter(() => this.#run(process));
  }

  #run(process: SimProcess): void {
    const { world } = this.#settings;
    world.trace.add(this.id, 'starts');
    if (this.#settings.bug === 'inbox-forgotten') this.#settings.files.forget(`${ROOT}${this.id}/inbox.sqlite`);
    const supervisor = this.#supervisor(process);
    const { agent } = supervisor;
    this.#agents.set(process, agent);
    for (const subscription of this.subscriptions) this.#subscribe(process, agent, subscription);
    void supervisor.run();
    void agent.whenClosed.then(({ reason }) => {
      world.trace.add(this.id, `is closed: ${reason}`);
      process.end('exit');
    });
    this.#publishLater(process, agent);
  }

  #supervisor(process: SimProcess): Supervisor {
    const { suites, limits, isPortable, world, serverKey } = this.#settings;
    return new Supervisor({
      address: { host: NODES_HOST, port: PORT },
      trust: new ServerTrust({
        crypto: nativeCrypto,
        pins: [{ fingerprint: serverKey, source: '--server-key' }],
        known: this.#known,
        wallClock: () => Date.now(),
        acceptCommand: (server) => server,
      }),
      identity: {
        keys: this.#keys.static,
        fingerprint: fingerprint(nativeCrypto, this.#keys.static.publicKey),
        defaultId: this.id,
      },
      id: this.id,
      instance: 'main',
      enrolmentToken: null,
      suites,
      backoff: new Backoff(DEFAULT_RECONNECT_POLICY, () => world.entropy.fraction()),
      environment: sessionEnvironment(world.entropy.bytes, isPortable),
      limits,
      build: 'sealane-agent/sim',
      connectTimeoutMs: CONNECT_MS,
      dataDir: `${ROOT}${this.id}`,
      outboxLimits: DEFAULT_OUTBOX_LIMITS,
      log: this.#log(process),
      onState: (state) => {
        world.trace.add(this.id, state.state);
        if (state.state === 'connected') process.connectedAt = world.now;
        const reason =
          state.state === 'reconnecting' ? state.reason : state.state === 'closed' ? state.code : undefined;
        if (!REASONS.includes(reason)) world.fault(`is ${state.state}: ${reason}`);
      },
    });
  }

  /** Whoever looks after the agent starts it again when its disk failed. */
  #log(process: SimProcess): Logger {
    const { world } = this.#settings;
    const tell = (message: string, fields: Readonly<Record<string, unknown>> = {}): void => {
      if (!process.isAlive || message.startsWith('a handler of events')) return;
      world.trace.add(this.id, `says: ${message} ${textOf(fields['what'])} ${textOf(fields['error'])}`);
      if (message === 'what is done cannot be written down') process.hasLostAcks = true;
      const isDisk = message === 'trouble with an outbox' || message.startsWith('the inbox cannot');
      if (isDisk) world.schedule(undefined, this.#dice.between(...RESTART_MS), () => process.end('exit'));
    };
    return { ...silentLogger, error: tell };
  }

  #subscribe(process: SimProcess, agent: Agent, subscription: ProgramSubscription): void {
    const { checker } = this.#settings;
    const { topic, group, isManual, windowEvents, concurrency } = subscription;
    const { ready } = agent.subscribe(topic, (event) => this.#handle(process, subscription, event), {
      group,
      windowEvents,
      concurrency: isManual ? 1 : concurrency,
      ackWaitMs: 2_000,
      acknowledge: isManual ? 'manual' : 'automatic',
      onSkipped: (skipped) => {
        if (!process.isAlive) return;
        this.#trace(`${subscription.name} skips ${skipped.from} to ${skipped.to}: ${skipped.reason}`);
        checker.skipped(subscription, { ...skipped, life: process, at: this.#settings.world.now });
      },
    });
    ready.then(
      () => (this.#readyCount += 1),
      () => undefined,
    );
  }

  async #handle(process: SimProcess, subscription: ProgramSubscription, event: DeliveredEvent): Promise<void> {
    if (!process.isAlive) return;
    const { manners, checker } = this.#settings;
    const { sequence, attempt, id, from, topic } = event;
    const body = event.text();
    if (this.#settings.bug === 'cursor-before-delivery') {
      await event.ack();
      await this.#pass(this.#dice.between(0, 200));
      if (process.hasEnded()) return;
    }
    this.#trace(`${subscription.name} ${sequence} "${body}" attempt ${attempt}`);
    this.#stray();
    checker.delivered(subscription, { life: process, sequence, attempt, id, from, topic, body });
    if (manners.handlerMs > 0) await this.#pass(this.#dice.between(0, manners.handlerMs));
    if (this.#dice.chance(manners.handlerHangs)) await this.#pass(this.#dice.between(...HANG_MS));
    if (subscription.isGroup && manners.groupMs > 0)
      await this.#workLong(event, manners.groupMs, subscription.isManual);
    const fails = this.#dice.chance(manners.handlerFails);
    if (!subscription.isManual) {
      if (fails) throw new RetryLater(this.#dice.whole(0, 3_000));
      // Its own life knows what it did; when that was written down, nobody says.
      if (!process.hasLostAcks) checker.acked(subscription, sequence, { life: process, at: Number.POSITIVE_INFINITY });
      return;
    }
    if (fails) event.nack({ delayMs: this.#dice.whole(0, 3_000) });
    else if ((await event.ack()) && !process.hasEnded() && !process.hasLostAcks)
      checker.acked(subscription, sequence, { life: process, at: this.#settings.world.now });
  }

  #publishLater(process: SimProcess, agent: Agent): void {
    const { manners, world } = this.#settings;
    const everyMs = manners.publishEveryMs;
    const delayMs = everyMs === 0 ? 1_000 : this.#dice.between(0, 2 * everyMs);
    world.schedule(process, delayMs, () => {
      if (manners.publishEveryMs > 0)
        for (let count = this.#dice.whole(1, 4); count > 0; count--) void this.#publish(process, agent);
      this.#publishLater(process, agent);
    });
  }

  /** Publishes to each address, when nothing goes wrong any more: all have to get their receipts. */
  probe(addresses: readonly string[], isAlone: boolean): void {
    for (const [process, agent] of this.#agents)
      process.enter(() => {
        for (const to of addresses) void this.#publishProbe(process, agent, { to, isAlone });
      });
  }

  async #publishProbe(
    process: SimProcess,
    agent: Agent,
    { to, isAlone }: { readonly to: string; readonly isAlone: boolean },
  ): Promise<void> {
    const { checker } = this.#settings;
    const body = this.#begin(process, to, { isAlone });
    this.#trace(`publishes "${body}" to ${to}, as a probe`);
    try {
      checker.received(body, await agent.publish(to, body));
    } catch (error) {
      checker.fault(`"${body}" failed when nothing was wrong: ${codeOf(error)}`);
    }
    checker.settled(body);
  }

  /** @returns the body of an event that its program begins to publish. */
  #begin(process: SimProcess, to: string, more: Partial<PublishedEvent>): string {
    const { checker, world } = this.#settings;
    const body = `${this.id} ${++this.#eventsMade}`;
    const common = { isRelaxed: false, isDelayed: false, isAlone: false, ttlMs: undefined };
    checker.published({ body, from: `agent:${this.id}`, to, publishedAt: world.now, ...common, ...more }, process);
    return body;
  }

  async #publish(process: SimProcess, agent: Agent): Promise<void> {
    const { checker, addresses } = this.#settings;
    const dice = this.#dice;
    const to = dice.pick(addresses);
    const hasId = dice.chance(0.15);
    const ttlMs = dice.chance(0.05) ? dice.whole(1, 20_000) : undefined;
    const delayMs = dice.chance(0.05) ? dice.whole(1, 8_000) : undefined;
    const durability = dice.chance(0.1) ? 'relaxed' : 'durable';
    const isRelaxed = durability === 'relaxed';
    const body = this.#begin(process, to, { isRelaxed, ttlMs, isDelayed: delayMs !== undefined });
    const id = hasId ? body.replace(' ', '-') : undefined;
    const options = { id, ttlMs, delayMs, durability } as const;
    const extras = [id, ttlMs && `ttl ${ttlMs}`, delayMs && `delay ${delayMs}`, isRelaxed && 'relaxed'].filter(Boolean);
    this.#trace(`publishes "${body}" to ${to} ${extras.join(', ')}`);
    try {
      if (dice.chance(0.3)) {
        await agent.publish(to, body, { ...options, waitFor: 'stored' });
        if (process.isAlive && !isRelaxed) checker.queued(body);
      } else {
        // With an id of its own, a program may say again what it does not know the end of.
        for (let tries = id === undefined ? 1 : 3; tries > 0; tries--)
          if (await this.#send(process, () => agent.publish(to, body, options), body)) return;
      }
    } catch (error) {
      if (process.isAlive) this.#onRefused(body, error);
    } finally {
      checker.settled(body);
    }
  }

  /** @returns whether its end is known. */
  async #send(
    process: SimProcess,
    publish: () => Promise<{ readonly id: string; readonly sequence: number }>,
    body: string,
  ): Promise<boolean> {
    try {
      const receipt = await publish();
      if (!process.isAlive) return true;
      this.#trace(`"${body}" has its receipt ${receipt.sequence}`);
      this.#settings.checker.received(body, receipt);
      return true;
    } catch (error) {
      if (error instanceof ProtocolError && error.code === 'E_TIMEOUT' && process.isAlive) return false;
      throw error;
    }
  }

  #onRefused(body: string, error: unknown): void {
    const code = codeOf(error);
    this.#trace(`"${body}" failed: ${code}`);
    if (!REFUSALS.includes(code)) this.#settings.world.fault(`cannot publish "${body}": ${code}`);
    if (code === 'E_UNKNOWN_ADDRESS') this.#settings.checker.refused(body);
  }

  /** As a handler that has much to do: a manual one asks for time itself. */
  async #workLong(event: DeliveredEvent, workMs: number, isManual: boolean): Promise<void> {
    for (let passedMs = 0; passedMs < workMs; passedMs += PROGRESS_MS) {
      await this.#pass(PROGRESS_MS);
      if (isManual) event.progress();
    }
  }

  #stray(): void {
    const { bug } = this.#settings;
    if (bug !== 'stray-throw' && bug !== 'stray-rejection') return;
    const run = (): never => {
      throw new Error(bug);
    };
    if (bug === 'stray-throw') queueMicrotask(run);
    else void Promise.resolve().then(run);
  }

  #pass(delayMs: number): Promise<void> {
    const { world } = this.#settings;
    return new Promise((resolve) => {
      world.schedule(world.current, delayMs, resolve);
    });
  }

  #trace(what: string): void {
    this.#settings.world.trace.add(this.id, what);
  }
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : String(error);
}

function textOf(field: unknown): string {
  if (field instanceof Error) return field.message;
  return typeof field === 'string' ? field : '';
}
