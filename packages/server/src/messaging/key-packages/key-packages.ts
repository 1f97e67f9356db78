/**
 * KeyPackages: key packages that devices hand in, each given away once (docs/protocols/messaging.md §5). The server cannot
 * judge them: whoever claims one checks it against the log of the account.
 */
import { createHash } from 'node:crypto';
import { toBase64Url } from '@sealane/shared/bytes';
import { TokenBuckets } from '../../limits/index.ts';
import { CallError } from '../call-error.ts';
import type { ActingDevice, ListedDevices, ServiceEnvironment } from '../devices.ts';
import type { ServiceStore } from '../store/service-store.ts';
import type { KeyPackageLimits } from './key-package-limits.ts';

export interface KeyPackagesOptions {
  readonly store: ServiceStore;
  readonly devices: ListedDevices;
  readonly environment: ServiceEnvironment;
  readonly limits: KeyPackageLimits;
}

export class KeyPackages {
  readonly #options: KeyPackagesOptions;
  readonly #claims: TokenBuckets;
  readonly #claimsOfOne: TokenBuckets;
  readonly #claimed: TokenBuckets;

  constructor(options: KeyPackagesOptions) {
    this.#options = options;
    const { claimsPerAccount, claimsPerPair, claimsOfAccount } = options.limits;
    this.#claims = new TokenBuckets(claimsPerAccount);
    this.#claimsOfOne = new TokenBuckets(claimsPerPair);
    this.#claimed = new TokenBuckets(claimsOfAccount);
  }

  /** Takes key packages of a device in. @returns how many wait. @throws CallError `E_QUOTA`, StorageError. */
  async publish(
    { agentId }: ActingDevice,
    packages: readonly Uint8Array[],
    lastResort: Uint8Array | null,
  ): Promise<number> {
    const { store, limits } = this.#options;
    const waiting = await store.ask('addKeyPackages', {
      agentId,
      ...this.#age(),
      packages: packages.map((body) => ({ hash: createHash('sha256').update(body).digest(), body })),
      lastResort,
      waitingMax: limits.waitingPerDeviceMax,
    });
    if (waiting === undefined) throw new CallError('E_QUOTA');
    return waiting;
  }

  /**
   * Takes one key package of each device of an account, or of those named. When many ask for the same account, only those of
   * last resort are given away, so that nobody uses up the others.
   *
   * @throws CallError `E_NO_ACCOUNT`, `E_NO_KEY_PACKAGE`, `E_CALL_LIMIT`; StorageError.
   */
  async claim(
    claimer: ActingDevice,
    ask: { readonly username: string; readonly devices: readonly string[] },
  ): Promise<readonly Uint8Array[]> {
    const { store, devices, environment } = this.#options;
    this.#take(claimer, ask.username);
    const listed = await devices.devicesOf(ask.username);
    if (listed === undefined) throw new CallError('E_NO_ACCOUNT');
    const wanted = ask.devices.length === 0 ? listed : listed.filter((agentId) => ask.devices.includes(agentId));
    const isLastResortOnly = this.#claimed.take(ask.username, environment.now()) > 0;
    const packages = await store.ask('claimKeyPackages', {
      devices: wanted,
      isLastResortOnly,
      oldAt: this.#age().oldAt,
    });
    if (packages.length === 0) throw new CallError('E_NO_KEY_PACKAGE');
    return packages;
  }

  /** How many wait of a device. @throws StorageError. */
  async waiting(agentId: string): Promise<number> {
    return await this.#options.store.ask('countWaiting', { agentId, oldAt: this.#age().oldAt });
  }

  /** A device is revoked: nothing of it is given away any more. @throws StorageError. */
  async drop(agentId: string): Promise<void> {
    await this.#options.store.ask('dropKeyPackages', agentId);
  }

  /** What comes now, and what came so long ago that it is over. */
  #age(): { readonly at: number; readonly oldAt: number } {
    const { environment, limits } = this.#options;
    const at = environment.wallClock();
    return { at, oldAt: at - limits.lifeMs };
  }

  /** Whatever name is asked for, also one that nobody has. @throws CallError `E_CALL_LIMIT`. */
  #take({ accountId }: ActingDevice, username: string): void {
    const now = this.#options.environment.now();
    const claimer = toBase64Url(accountId);
    const retryAfterMs = this.#claims.take(claimer, now) || this.#claimsOfOne.take(`${claimer} ${username}`, now);
    if (retryAfterMs > 0) throw new CallError('E_CALL_LIMIT', { retryAfterMs });
  }
}
