/** RedisHealth: the health of the store, out of faults and of the settings of Redis. Tells whenever it changes. */
import type { Durability, StoreHealth } from '../store.ts';
import type { RedisReason } from './redis-fault.ts';

const UNAVAILABLE: ReadonlySet<string> = new Set<RedisReason>([
  'redis-down',
  'redis-loading',
  'redis-auth',
  'redis-readonly',
]);
const SETTINGS = 'redis-config';

export class RedisHealth {
  readonly #faults = new Set<RedisReason>();
  readonly #onChange: (health: StoreHealth) => void;
  #weakSettings: readonly string[] = [];
  #value: StoreHealth = { status: 'unavailable', reasons: ['redis-down'], durability: 'relaxed' };

  constructor(onChange: (health: StoreHealth) => void) {
    this.#onChange = onChange;
  }

  get value(): StoreHealth {
    return this.#value;
  }

  get durability(): Durability {
    return this.#weakSettings.length === 0 ? 'durable' : 'relaxed';
  }

  get weakSettings(): readonly string[] {
    return this.#weakSettings;
  }

  has(reason: RedisReason): boolean {
    return this.#faults.has(reason);
  }

  /** Whether anything but settings is wrong. */
  get isFaulty(): boolean {
    return this.#faults.size > 0;
  }

  add(reason: RedisReason): void {
    this.#faults.add(reason);
    this.#update();
  }

  /** Puts one fault in the place of others, in one step: nobody is told that all is well in between. */
  replace(reasons: readonly RedisReason[], reason: RedisReason): void {
    for (const each of reasons) this.#faults.delete(each);
    this.add(reason);
  }

  clear(...reasons: readonly RedisReason[]): void {
    for (const reason of reasons) this.#faults.delete(reason);
    this.#update();
  }

  clearAll(): void {
    this.#faults.clear();
    this.#update();
  }

  setWeakSettings(names: readonly string[]): void {
    this.#weakSettings = names;
    this.#update();
  }

  #update(): void {
    const faults = [...this.#faults].sort();
    const isUnavailable = faults.some((reason) => UNAVAILABLE.has(reason));
    const status = isUnavailable ? 'unavailable' : faults.length > 0 ? 'degraded' : 'ready';
    const reasons = this.#weakSettings.length > 0 ? [...faults, SETTINGS] : faults;
    const before = this.#value;
    if (before.status === status && before.durability === this.durability && before.reasons.join() === reasons.join())
      return;
    this.#value = { status, reasons, durability: this.durability };
    this.#onChange(this.#value);
  }
}
