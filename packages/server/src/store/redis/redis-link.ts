/**
 * RedisLink: the way to Redis of one node: its connection, the scripts, the checks at each start (settings, past), the
 * table of subscriptions and the clock. It knows no events.
 *
 *   connect → version → settings (M4) → scripts → start of the node: lease, past (M10) → ready
 */
import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { ConfigError, type StorageError } from '@sealane/shared/errors';
import { explained } from '@sealane/node/config';
import { toHex } from '@sealane/shared/bytes';
import type { StoreEnvironment } from '../environment.ts';
import { RedisClock } from './redis-clock.ts';
import { RedisConnection, type RedisArgument, type SendCommand } from './redis-connection.ts';
import { RedisFault } from './redis-fault.ts';
import type { RedisHealth } from './redis-health.ts';
import { CONFIG_FORBIDDEN, checkRedisVersion, findWeakSettings } from './redis-settings.ts';
import { SCRIPTS } from './scripts/index.ts';
import type { StoreMarker } from './store-marker.ts';
import { SubscriptionTable } from './subscription-table.ts';
import { CALL_WAIT_MS } from './times.ts';

export type ScriptName = keyof typeof SCRIPTS;

export interface RedisLinkOptions {
  readonly url: string;
  readonly prefix: string;
  readonly node: string;
  /** What other nodes are told of this one: where its health is asked. */
  readonly about: string;
  readonly leaseMs: number;
  readonly requireDurable: boolean;
  readonly environment: StoreEnvironment;
  readonly health: RedisHealth;
  /** Redis is not what it was: flushed or exchanged (`lost`), or an older state came back (`behind`). */
  readonly onPastLost: (how: 'lost' | 'behind') => void;
  readonly onReady: () => void;
}

/** Between two tries of a batch that failed for a passing reason. */
const RETRY_MS = 100;
const STORE_NAME_BYTES = 16;
/** Faults that a connection can have; a new one has at most one of them. */
const OF_CONNECTIONS = ['redis-slow', 'redis-down', 'redis-loading', 'redis-auth', 'redis-readonly'] as const;

const DIGESTS = new Map(
  Object.entries(SCRIPTS).map(([name, text]) => [name, createHash('sha1').update(text).digest('hex')]),
);

export class RedisLink {
  readonly table = new SubscriptionTable();
  readonly clock: RedisClock;
  /** Name of what this Redis holds; another one after a flush, or when an older state came back. */
  store = '';
  /** Next position of the log, and highest epoch, that this node was told. */
  nextSequence = 1;
  highestEpoch = 0;
  readonly #options: RedisLinkOptions;
  readonly #connection: RedisConnection;
  #refreshing: Promise<void> | undefined;
  #isClosed = false;
  #hasStarted = false;
  /** The newest connection, as Redis knows it. */
  #client: RedisClientName | undefined;

  constructor(options: RedisLinkOptions) {
    this.#options = options;
    const { health, environment } = options;
    this.clock = new RedisClock(() => environment.now());
    this.#connection = new RedisConnection({
      url: options.url,
      random: () => (environment.random(1)[0] ?? 0) / 256,
      start: (send) => this.#start(send),
      onReady: () => {
        health.clearAll();
        options.onReady();
      },
      onFault: (fault) => {
        health.replace(fault.renews ? OF_CONNECTIONS : [], fault.reason);
      },
      onAnswering: () => {
        health.clear('redis-slow');
      },
    });
  }

  /** What this node knows of the store. */
  get marker(): StoreMarker {
    const { store, nextSequence, highestEpoch } = this;
    return { store, nextSequence, highestEpoch };
  }

  /** Takes up what an earlier life of this node knew. To be called before `open`. */
  set marker({ store, nextSequence, highestEpoch }: StoreMarker) {
    this.store = store;
    this.nextSequence = nextSequence;
    this.highestEpoch = highestEpoch;
  }

  get isReady(): boolean {
    return this.#connection.isReady;
  }

  /** How long it has been away or silent; 0 while it answers. */
  get downMs(): number {
    return this.#connection.downMs;
  }

  get commands(): number {
    return this.#connection.commands;
  }

  /** @throws ConfigError, StorageError that say what to do. */
  async open(): Promise<void> {
    if (!URL.canParse(this.#options.url)) {
      // It may hold a password, so it is not shown.
      throw explained(new ConfigError('E_CONFIG', 'The URL of Redis cannot be read'), {
        next: 'Use redis://[USER:PASSWORD@]HOST[:PORT][/DATABASE] with --store.',
      });
    }
    try {
      await this.#connection.open();
    } catch (error) {
      if (error instanceof RedisFault && error.reason === 'redis-auth') {
        throw explained(new ConfigError('E_CONFIG', error.message), {
          next: 'Put user and password into the --store URL.',
        });
      }
      throw error;
    }
  }

  close(): void {
    this.#isClosed = true;
    this.#connection.close();
  }

  /** Sends a plain command. @throws RedisFault. */
  send(args: readonly RedisArgument[]): Promise<unknown> {
    return this.#connection.send(args);
  }

  /** Waits a moment where Redis is away. @throws RedisFault. */
  ready(): Promise<void> {
    return this.#connection.ready(CALL_WAIT_MS);
  }

  /** Sends a plain command; waits a moment where Redis is away. @throws RedisFault. */
  async command(args: readonly RedisArgument[]): Promise<unknown> {
    await this.ready();
    return await this.send(args);
  }

  /** Runs a script now. @throws RedisFault. */
  script(name: ScriptName, args: readonly RedisArgument[], asBytes = false): Promise<unknown> {
    return this.#connection.send(['EVALSHA', DIGESTS.get(name) ?? '', '1', this.#options.prefix, ...args], asBytes);
  }

  /** Runs a script; waits a moment where Redis is away. @throws RedisFault. */
  async call(name: ScriptName, args: readonly RedisArgument[], asBytes = false): Promise<unknown> {
    await this.ready();
    return await this.script(name, args, asBytes);
  }

  /** Cuts the connection; the next one starts with all checks. */
  renew(): void {
    this.#connection.renew(RedisFault.down());
  }

  /** Makes a failed batch worth sending again; takes as long as that takes. */
  async recover(why: 'stale' | 'lost' | RedisFault): Promise<void> {
    if (why === 'lost') this.renew();
    else if (why !== 'stale') {
      this.#options.health.add(why.reason);
      await sleep(RETRY_MS);
    }
    while (!this.#isClosed) {
      try {
        await this.#connection.ready(CALL_WAIT_MS);
        if (why === 'stale' || this.table.version < 0) await this.refreshTable();
        return;
      } catch {
        await sleep(RETRY_MS);
      }
    }
  }

  /** Reads what changed in the table of subscriptions. @throws RedisFault. */
  refreshTable(): Promise<void> {
    this.#refreshing ??= this.#readTable().finally(() => {
      this.#refreshing = undefined;
    });
    return this.#refreshing;
  }

  async #readTable(): Promise<void> {
    this.table.apply((await this.script('table', [String(this.table.version)])) as readonly string[]);
  }

  /** Looks at the settings again: they can be changed while Redis runs. @throws RedisFault. */
  async checkSettings(send: SendCommand = (args) => this.send(args)): Promise<void> {
    this.#options.health.setWeakSettings(await findWeakSettings(send));
  }

  async #start(send: SendCommand): Promise<void> {
    const info = String(await send(['INFO', 'server']));
    checkRedisVersion(info);
    await this.#endEarlier(send, /run_id:(\w+)/.exec(info)?.[1] ?? '');
    await this.checkSettings(send);
    const { health, requireDurable } = this.#options;
    if (requireDurable && !this.#hasStarted && health.weakSettings.length > 0) throw notDurable(health.weakSettings);
    await Promise.all(Object.values(SCRIPTS).map((text) => send(['SCRIPT', 'LOAD', text])));
    await this.#startNode(send);
    this.#hasStarted = true;
  }

  /** What is still on its way on the connection before this one never arrives: nothing is done late, behind the back of others. */
  async #endEarlier(send: SendCommand, runId: string): Promise<void> {
    const earlier = this.#client;
    this.#client = { runId, id: String(await send(['CLIENT', 'ID'])) };
    if (earlier?.runId !== runId) return;
    await send(['CLIENT', 'KILL', 'ID', earlier.id]).catch(() => undefined);
  }

  async #startNode(send: SendCommand): Promise<void> {
    const { node, about, leaseMs, environment, prefix, onPastLost } = this.#options;
    const newStore = toHex(environment.random(STORE_NAME_BYTES));
    const numbers = [this.nextSequence, this.highestEpoch].map(String);
    const args = [node, about, String(leaseMs), newStore, this.store, ...numbers];
    const reply = await send(['EVALSHA', DIGESTS.get('startNode') ?? '', '1', prefix, ...args]);
    const [past = '', store = '', redisMs = ''] = reply as readonly string[];
    this.store = store;
    this.clock.set(Number(redisMs));
    if (past !== 'lost' && past !== 'behind') return;
    this.table.reset();
    onPastLost(past);
  }
}

/** A connection, by the run of Redis and its number there. */
interface RedisClientName {
  readonly runId: string;
  readonly id: string;
}

function notDurable(names: readonly string[]): StorageError | ConfigError {
  const what = names.includes(CONFIG_FORBIDDEN)
    ? 'Nobody may read the settings of this Redis'
    : `Redis would lose acked events: ${names.join(', ')}`;
  return explained(new ConfigError('E_CONFIG', what), {
    next: 'Set appendonly yes, appendfsync always, no-appendfsync-on-rewrite no, maxmemory-policy noeviction.',
  });
}
