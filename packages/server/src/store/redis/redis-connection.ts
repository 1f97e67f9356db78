/**
 * RedisConnection: one connection that comes back by itself. Each time it is made, `start` runs on it before anybody may
 * use it. A command that is not answered in time fails; it may still be done, so who sends it must be able to send it
 * again. It knows no scripts and no keys.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { monotonicNow } from '@sealane/node/transport';
import { ErrorReply, RESP_TYPES, createClient } from 'redis';
import { RedisFault } from './redis-fault.ts';
import { STALLED_MS } from './times.ts';

export type RedisArgument = string | Buffer;
type Client = ReturnType<typeof makeClient>;

/** Sends a command on a connection that is being started. */
export type SendCommand = (args: readonly RedisArgument[]) => Promise<unknown>;

export interface RedisConnectionOptions {
  /** `redis://[[user]:password@]host[:port][/database]`, or `rediss://`. */
  readonly url: string;
  /** Between 0 and 1; spreads the returns of many nodes. */
  readonly random: () => number;
  /** Runs on each new connection before anybody else may use it. What it throws ends this attempt. */
  readonly start: (send: SendCommand, client: Client) => Promise<void>;
  readonly onReady: () => void;
  /** It is gone, or could not be made again, or (slow) does not answer in time. */
  readonly onFault: (fault: RedisFault) => void;
  /** It answers in time again. */
  readonly onAnswering: () => void;
}

/** A command is answered within this time, or fails. */
const COMMAND_TIMEOUT_MS = 2_000;
const CONNECT_TIMEOUT_MS = 2_000;
const BACKOFF_MS_MIN = 50;
const BACKOFF_MS_MAX = 1_000;
/** Commands that may wait for their answers; more fail at once (M2). */
const COMMANDS_MAX = 16_384;

interface Pending {
  readonly sentAt: number;
  readonly reject: (fault: RedisFault) => void;
}

export class RedisConnection {
  readonly #options: RedisConnectionOptions;
  #client: Client | undefined;
  #isReady = false;
  #isClosed = false;
  #isSlow = false;
  /** In order of sending, so the first is the oldest. */
  readonly #pending = new Set<Pending>();
  #timer: NodeJS.Timeout | undefined;
  readonly #waiting = new Set<() => void>();
  #fault: RedisFault = RedisFault.down();
  #downAt = 0;
  /** Commands sent since the start. */
  commands = 0;

  constructor(options: RedisConnectionOptions) {
    this.#options = options;
  }

  get isReady(): boolean {
    return this.#isReady && !this.#isSlow;
  }

  /** How long it has been away or silent; 0 while it answers. */
  get downMs(): number {
    return this.isReady ? 0 : monotonicNow() - this.#downAt;
  }

  /** Makes it for the first time. @throws RedisFault, and what `start` throws; nothing stays open then. */
  async open(): Promise<void> {
    await this.#connect();
  }

  /** Cuts it for good; what waits for an answer fails. */
  close(): void {
    this.#isClosed = true;
    this.#drop(RedisFault.down());
    for (const wake of this.#waiting) wake();
  }

  /** Makes a new connection in place of this one, after a moment. */
  renew(fault: RedisFault): void {
    this.#lose(this.#client, fault);
  }

  /** Waits until it can be used. @throws RedisFault after `limitMs`. */
  async ready(limitMs: number): Promise<void> {
    const endAt = monotonicNow() + limitMs;
    while (!this.isReady) {
      const leftMs = endAt - monotonicNow();
      if (leftMs <= 0 || this.#isClosed) throw this.#fault;
      await new Promise<void>((resolve) => {
        const wake = (): void => {
          clearTimeout(timer);
          this.#waiting.delete(wake);
          resolve();
        };
        const timer = setTimeout(wake, leftMs);
        this.#waiting.add(wake);
      });
    }
  }

  /** Sends a command. @param asBytes whether strings of the answer come as Buffer. @throws RedisFault. */
  send(args: readonly RedisArgument[], asBytes = false): Promise<unknown> {
    const client = this.#client;
    if (client === undefined || !this.#isReady || this.#isSlow) return Promise.reject(this.#fault);
    if (this.#pending.size >= COMMANDS_MAX) return Promise.reject(RedisFault.slow());
    return this.#sendOn(client, args, asBytes);
  }

  #sendOn(client: Client, args: readonly RedisArgument[], asBytes: boolean): Promise<unknown> {
    this.commands += 1;
    return new Promise((resolve, reject) => {
      const pending: Pending = { sentAt: monotonicNow(), reject };
      this.#pending.add(pending);
      this.#watch();
      const options = asBytes ? BYTES : undefined;
      client.sendCommand(args as RedisArgument[], options).then(
        (reply) => {
          this.#answered(pending);
          resolve(reply);
        },
        (error: unknown) => {
          if (error instanceof ErrorReply) this.#answered(pending);
          else this.#pending.delete(pending);
          const fault = error instanceof ErrorReply ? RedisFault.ofReply(error) : RedisFault.down(error);
          reject(fault);
          if (fault.renews) this.#lose(client, fault);
        },
      );
    });
  }

  #answered(pending: Pending): void {
    this.#pending.delete(pending);
    if (!this.#isSlow) return;
    this.#isSlow = false;
    this.#options.onAnswering();
    for (const wake of this.#waiting) wake();
  }

  /** One timer for all: it looks at the oldest command. */
  #watch(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.#look();
    }, COMMAND_TIMEOUT_MS / 4);
  }

  #look(): void {
    const now = monotonicNow();
    for (const pending of this.#pending) {
      const waitedMs = now - pending.sentAt;
      if (waitedMs >= STALLED_MS) {
        this.#lose(this.#client, RedisFault.slow());
        return;
      }
      if (waitedMs < COMMAND_TIMEOUT_MS) break;
      const fault = RedisFault.slow();
      if (!this.#isSlow) {
        this.#isSlow = true;
        this.#downAt = now;
        this.#fault = fault;
        this.#options.onFault(fault);
      }
      pending.reject(fault);
    }
    if (this.#pending.size > 0) this.#watch();
  }

  async #connect(): Promise<void> {
    const client = makeClient(this.#options.url);
    this.#client = client;
    // A client that is destroyed while it connects may never say so.
    const failed = Promise.withResolvers<never>();
    client.on('error', (error: unknown) => {
      const fault = faultOf(error);
      failed.reject(fault);
      this.#lose(client, fault);
    });
    const timer = setTimeout(() => {
      failed.reject(RedisFault.down());
    }, CONNECT_TIMEOUT_MS * 2);
    try {
      await Promise.race([failed.promise, this.#begin(client)]);
    } catch (error) {
      this.#client = undefined;
      client.destroy();
      throw error instanceof Error && isOurs(error) ? error : faultOf(error);
    } finally {
      clearTimeout(timer);
    }
    if (this.#isClosed || this.#client !== client) {
      client.destroy();
      throw this.#fault;
    }
    this.#isReady = true;
    this.#options.onReady();
    for (const wake of this.#waiting) wake();
  }

  async #begin(client: Client): Promise<void> {
    await client.connect();
    await this.#options.start((args) => this.#sendOn(client, args, false), client);
  }

  /** The connection is gone: everything that waits fails, and another is made. */
  #lose(client: Client | undefined, fault: RedisFault): void {
    if (client === undefined || client !== this.#client) return;
    const wasReady = this.#isReady;
    if (this.isReady) this.#downAt = monotonicNow();
    this.#drop(fault);
    if (!wasReady || this.#isClosed) return;
    this.#options.onFault(fault);
    void this.#reconnect();
  }

  #drop(fault: RedisFault): void {
    const client = this.#client;
    this.#client = undefined;
    this.#isReady = false;
    this.#isSlow = false;
    this.#fault = fault;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    client?.destroy();
    for (const pending of this.#pending) pending.reject(fault);
    this.#pending.clear();
  }

  async #reconnect(): Promise<void> {
    for (let delayMs = BACKOFF_MS_MIN; !this.#isClosed; delayMs = Math.min(delayMs * 2, BACKOFF_MS_MAX)) {
      await sleep(delayMs * (0.5 + this.#options.random() / 2));
      if (this.#hasClosed()) return;
      try {
        await this.#connect();
        return;
      } catch (error) {
        this.#fault = error instanceof RedisFault ? error : RedisFault.down(error);
        if (!this.#hasClosed()) this.#options.onFault(this.#fault);
      }
    }
  }

  /** Whether `close` was called by now. */
  #hasClosed(): boolean {
    return this.#isClosed;
  }
}

const BYTES = { typeMapping: { [RESP_TYPES.BLOB_STRING]: Buffer } };

/** What the client of Redis throws, named. */
export function faultOf(error: unknown): RedisFault {
  return error instanceof ErrorReply ? RedisFault.ofReply(error) : RedisFault.down(error);
}

function isOurs(error: Error): boolean {
  return 'code' in error && typeof error.code === 'string' && error.code.startsWith('E_');
}

/** Reconnecting, queues and time limits are ours, so those of the client are off. */

function makeClient(url: string) {
  return createClient({
    url,
    RESP: 3,
    socket: { connectTimeout: CONNECT_TIMEOUT_MS, reconnectStrategy: false },
    disableOfflineQueue: true,
    disableClientInfo: true,
    maintNotifications: 'disabled',
    commandOptions: { timeout: 0 },
  });
}
