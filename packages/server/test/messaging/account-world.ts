/** Messaging as a whole over stores in memory, with devices that make calls without sockets. Not part of the product. */
import { jest } from '@jest/globals';
import { createHash, randomBytes } from 'node:crypto';
import { signLogin } from '@sealane/shared/accounts';
import { IdentityKeys } from '@sealane/shared/crypto';
import { nativeCrypto } from '@sealane/shared/crypto-native';
import { errorByNumber } from '@sealane/shared/errors';
import {
  decodeItem,
  messagesTopic,
  type AnswerOf,
  type CallFields,
  type CallId,
  type Item,
} from '@sealane/shared/items';
import type { MessagingCall, ServerMessagingPacket } from '@sealane/shared/items';
import { systemRandom } from '@sealane/node/transport';
import type { LimitPreset } from '../../src/config/index.ts';
import {
  MemoryBlobFiles,
  MemoryMessagingStore,
  Messaging,
  type RegistrationPolicy,
} from '../../src/messaging/index.ts';
import type { MessagingAttachment, MessagingSink } from '../../src/messaging/index.ts';
import { PasswordHasher } from '../../src/messaging/accounts/password-hasher.ts';
import type { ServiceEnvironment } from '../../src/messaging/devices.ts';
import { MemoryStore } from '../../src/store/index.ts';
import { AccountPapers, listing, newKeys } from './messaging-peer.ts';

/** What is to happen later than that happens by `elapse` alone, however long a test takes. */
const REAL_MS = 1_000;

export interface AccountWorldOptions {
  readonly preset?: LimitPreset;
  readonly registration?: RegistrationPolicy;
}

/** What a call failed with. */
export class Refused extends Error {
  readonly code: string;
  readonly retryAfterMs: number;

  constructor({ code, retryAfterMs }: { readonly code: number; readonly retryAfterMs: number }) {
    super(errorByNumber(code) ?? String(code));
    this.code = this.message;
    this.retryAfterMs = retryAfterMs;
  }
}

export class AccountWorld {
  readonly identity = new IdentityKeys(nativeCrypto, new Uint8Array(randomBytes(32)));
  readonly store = new MemoryMessagingStore();
  readonly events = new MemoryStore();
  /** Agents whose connections were ended, and what the audit log was told. */
  readonly cut: string[] = [];
  readonly notes: { readonly action: string; readonly fields: object }[] = [];
  readonly faults: unknown[] = [];
  aheadMs = 0;
  /** What was to happen later, in ms from when it was asked for. */
  readonly delays: number[] = [];
  readonly #timers = new Set<{ readonly at: number; readonly run: () => void }>();
  /** Passwords are hashed once it resolves. Cheaply: what Argon2 costs is shown by `login-flood.test.ts`. */
  hashing: Promise<void> = Promise.resolve();
  /** Passwords whose hashing has begun. */
  hashesBegun = 0;
  messaging: Messaging;
  readonly #options: AccountWorldOptions;

  private constructor(options: AccountWorldOptions) {
    this.#options = options;
    this.messaging = this.#make();
  }

  #make(): Messaging {
    const { preset = 'default', registration = 'open' } = this.#options;
    const environment: ServiceEnvironment = {
      now: () => performance.now() + this.aheadMs,
      wallClock: () => Date.now() + this.aheadMs,
      schedule: (delayMs, run) => this.#schedule(delayMs, run),
    };
    return new Messaging({
      store: this.store,
      events: this.events,
      files: new MemoryBlobFiles({ bytesMax: 1_000_000 }),
      crypto: nativeCrypto,
      random: systemRandom,
      ...{ environment, systemClock: environment.wallClock, preset, registration },
      hasher: new PasswordHasher({
        derive: async (password, { salt }) => {
          this.hashesBegun += 1;
          await this.hashing;
          return createHash('sha256').update(salt).update(password).digest();
        },
      }),
      signer: () => this.identity,
      serverKey: () => this.identity.static.publicKey,
      tokenKeys: () => [this.identity.signingPublicKey],
      onRevoked: (agentId) => this.cut.push(agentId),
      onFailed: (error) => this.faults.push(error),
      onFault: (error) => this.faults.push(error),
      onNote: (action, fields) => this.notes.push({ action, fields }),
    });
  }

  static async start(options: AccountWorldOptions = {}): Promise<AccountWorld> {
    const world = new AccountWorld(options);
    const nothing = (): void => undefined;
    await world.events.open({ onQueues: nothing, onAgentLost: nothing, onHealth: nothing, onIncident: nothing });
    await world.messaging.start();
    return world;
  }

  /** The process dies, and starts again over what it has stored. Devices connect anew. */
  async crash(): Promise<void> {
    this.messaging.accounts.stop();
    this.messaging.messages.stop();
    this.messaging = this.#make();
    jest.spyOn(this.store, 'open').mockResolvedValueOnce();
    await this.messaging.start();
  }

  async stop(): Promise<void> {
    await this.messaging.stop();
    await this.events.close();
  }

  /** Time passes, and what is due by then begins. */
  elapse(ms: number): void {
    this.aheadMs += ms;
    const now = performance.now() + this.aheadMs;
    for (const timer of [...this.#timers].sort((left, right) => left.at - right.at)) if (timer.at <= now) timer.run();
  }

  /** A connection of an agent. */
  device(agentId: string, about: Partial<DeviceAbout> = {}): TestDevice {
    return new TestDevice(this, { agentId, keys: newKeys(), addressKey: '192.0.2.1', isLoopback: false, ...about });
  }

  /** An account with one device, which is logged in. */
  async account(username: string, password: string | null = null): Promise<TestAccount> {
    const device = this.device(`${username}-1`);
    const papers = new AccountPapers(username, device.agentId, device.keys);
    await device.register(papers, password);
    return { username, device, papers };
  }

  /** Another device of an account: it logs in, and is listed by the first one. */
  async link({ username, device, papers }: TestAccount, name: string, password: string): Promise<TestDevice> {
    const linked = this.device(`${username}-${name}`);
    await linked.login(username, password);
    await device.call(0x45, { statement: papers.append(listing(linked.agentId, linked.keys)) });
    return linked;
  }

  #schedule(delayMs: number, run: () => void): { cancel(): void } {
    this.delays.push(delayMs);
    const cancel = (): void => {
      this.#timers.delete(timer);
      clearTimeout(real);
    };
    const timer = {
      at: performance.now() + this.aheadMs + delayMs,
      run: () => {
        cancel();
        run();
      },
    };
    const real = delayMs < REAL_MS ? setTimeout(timer.run, delayMs).unref() : undefined;
    this.#timers.add(timer);
    return { cancel };
  }

  /** Items that wait in the queue of an agent. */
  async items(agentId: string): Promise<Item[]> {
    const queues = await this.events.queuesOf(agentId);
    const queue = queues.find(({ spec }) => spec.kind === 'subscription' && spec.pattern === messagesTopic(agentId));
    if (queue === undefined) return [];
    const lease = await this.events.claimAgent(agentId, 'main');
    const read = await this.events.read(queue.queueId, { after: 0, limit: 1_000, bytesMax: 10_000_000 }, lease);
    return read.flatMap((entry) => (entry.kind === 'event' ? [decodeItem(entry.body) ?? []].flat() : []));
  }
}

export interface TestAccount {
  readonly username: string;
  readonly device: TestDevice;
  readonly papers: AccountPapers;
}

interface DeviceAbout {
  readonly agentId: string;
  readonly keys: IdentityKeys;
  readonly addressKey: string;
  readonly isLoopback: boolean;
}

export class TestDevice {
  readonly agentId: string;
  readonly keys: IdentityKeys;
  readonly #world: AccountWorld;
  readonly #desk: MessagingAttachment;
  readonly #waiting = new Map<number, PromiseWithResolvers<ServerMessagingPacket>>();
  #call = 0;

  constructor(world: AccountWorld, { agentId, keys, addressKey, isLoopback }: DeviceAbout) {
    this.#world = world;
    this.agentId = agentId;
    this.keys = keys;
    const sink: MessagingSink = {
      peer: { agentId, instance: 'main', address: '192.0.2.1', agentKey: keys.static.publicKey },
      ...{ addressKey, isLoopback, highWaterBytes: 1_000_000 },
      session: {
        state: 'Open',
        waitingBytes: 0,
        sendMessaging: (packet) => {
          if (packet.id !== 0x5b) this.#waiting.get(packet.call)?.resolve(packet);
        },
        fail: () => undefined,
      },
      unsentBytes: () => 0,
      wake: () => undefined,
    };
    this.#desk = world.messaging.attach(sink);
  }

  /** @throws Refused. */
  async call<Id extends CallId>(id: Id, fields: CallFields<Id>): Promise<AnswerOf<Id>> {
    const call = (this.#call += 1);
    const answered = Promise.withResolvers<ServerMessagingPacket>();
    this.#waiting.set(call, answered);
    this.#desk.onPacket({ id, call, ...fields } as unknown as MessagingCall);
    const answer = await answered.promise;
    if (answer.id === 0x5c) throw new Refused(answer);
    return answer as AnswerOf<Id>;
  }

  register({ username, statements }: AccountPapers, password: string | null = null, token: Uint8Array | null = null) {
    const fields = { username, password, statements: statements.slice(0, 2), registrationToken: token };
    return this.call(0x40, fields);
  }

  login(username: string, password: string) {
    return this.call(0x41, { username, password, challenge: null, signature: null });
  }

  async challenge(username: string): Promise<Uint8Array> {
    const { challenge } = await this.call(0x41, { username, password: null, challenge: null, signature: null });
    if (challenge === null) throw new Error('there is no challenge');
    return challenge;
  }

  /** @param about what differs from what is right. */
  async loginBySignature(
    username: string,
    about: { readonly challenge?: Uint8Array; readonly serverKey?: Uint8Array; readonly keys?: IdentityKeys } = {},
  ) {
    const challenge = about.challenge ?? (await this.challenge(username));
    const { serverKey = this.#world.identity.static.publicKey, keys = this.keys } = about;
    const signature = signLogin({ serverKey, challenge, username }, keys);
    return await this.call(0x41, { username, password: null, challenge, signature });
  }

  /** Whether it is logged in and listed: a call that only such devices may make. */
  async standing(): Promise<'listed' | 'E_NOT_LISTED' | 'E_NOT_LOGGED_IN'> {
    try {
      await this.call(0x48, { after: null, limit: 1 });
      return 'listed';
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      return error.code as 'E_NOT_LISTED' | 'E_NOT_LOGGED_IN';
    }
  }

  /** The connection ends. */
  leave(): void {
    this.#desk.detach();
  }
}
