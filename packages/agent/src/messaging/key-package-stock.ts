/**
 * KeyPackageStock: the key packages of this device at the server, and those that it claims of others
 * (docs/protocols/messaging.md §5). Claimed ones are judged here: the server can hand out anything.
 */
import { equalBytes, utf8Encode } from '@sealane/shared/bytes';
import { deviceOf, listedDevices, type AccountState } from '@sealane/shared/accounts';
import { ProtocolError } from '@sealane/shared/errors';
import { inspectKeyPackage, type E2eeEngine, type KeyPackageClaims } from '@sealane/e2ee/engine';
import { callFailure } from './call-failure.ts';
import type { Journal } from './journal.ts';
import type { CallServer } from './messaging-connection.ts';
import type { OwnAccount } from './own-account.ts';
import { tables } from './tables.ts';

/** Single-use key packages that wait at the server when it is full, and when it is filled again. */
const WAITING_MAX = 20;
const WAITING_MIN = 10;
/** Age at which the one of last resort is replaced, ms. */
const LAST_RESORT_MS = 14 * 86_400_000;
/** Claims for one that is still valid: those of a device that nobody has added for a month are over. */
const CLAIMS_MAX = 2 * WAITING_MAX;

export class KeyPackageStock {
  readonly #call: CallServer;
  readonly #journal: Journal;
  readonly #account: OwnAccount;
  readonly #engine: () => E2eeEngine;
  readonly #now: () => number;

  constructor(parts: {
    readonly call: CallServer;
    readonly journal: Journal;
    readonly account: OwnAccount;
    readonly engine: () => E2eeEngine;
    readonly now: () => number;
  }) {
    this.#call = parts.call;
    this.#journal = parts.journal;
    this.#account = parts.account;
    this.#engine = parts.engine;
    this.#now = parts.now;
  }

  /** Fills the stock where it is low. Their private parts are on this disk before the server has them. */
  async refill(): Promise<void> {
    const own = await this.#account.require();
    const isUsed = await this.#journal.transaction((tx) => this.#engine().isLastResortUsed(tx));
    const isLastResortDue = isUsed || this.#now() - own.lastResortAt > LAST_RESORT_MS;
    // An empty publication says how many there are.
    const { waiting } = await this.#call(0x4a, { keyPackages: [], lastResort: null });
    if (waiting >= WAITING_MIN && !isLastResortDue) {
      await this.#account.change({ keyPackagesWaiting: waiting });
      return;
    }
    const made = await this.#journal.transaction((tx) =>
      this.#engine().keyPackages(tx, { count: Math.max(0, WAITING_MAX - waiting), lastResort: isLastResortDue }),
    );
    const answer = await this.#call(0x4a, { keyPackages: made.packages, lastResort: made.lastResort ?? null });
    await this.#account.change({
      keyPackagesWaiting: answer.waiting,
      ...(isLastResortDue && { lastResortAt: this.#now() }),
    });
  }

  /** A Welcome used one: whether it is time to look. */
  async noteUse(): Promise<boolean> {
    return await this.#journal.transaction(async (tx) => {
      const row = await tables.account.get(tx, 'self');
      if (row === undefined) return false;
      const left = Math.max(0, row.keyPackagesWaiting - 1);
      await tables.account.patch(tx, row, { keyPackagesWaiting: left });
      return left < WAITING_MIN;
    });
  }

  /**
   * One key package of each device of an account, as far as there are any.
   *
   * @throws ProtocolError `E_DIRECTORY_LIE` for one that is not of a listed device of this account.
   */
  async claim(
    state: AccountState,
    options: {
      readonly only?: readonly string[];
      readonly except?: readonly string[];
      readonly signal?: AbortSignal | undefined;
    } = {},
  ): Promise<readonly Uint8Array[]> {
    const { only, except = [], signal } = options;
    const wanted = listedDevices(state).map(({ agentId }) => agentId);
    const devices = (only ?? wanted).filter((agentId) => !except.includes(agentId));
    if (devices.length === 0) return [];
    const valid: Uint8Array[] = [];
    let asked = devices;
    for (let claims = 0; claims < CLAIMS_MAX && asked.length > 0; claims++) {
      const claimed = await this.#claimed(state, asked, signal);
      const isOver = ({ notAfter }: Claimed): boolean => notAfter < this.#now() / 1_000;
      valid.push(...claimed.filter((each) => !isOver(each)).map(({ bytes }) => bytes));
      asked = claimed.filter(isOver).map(({ agentId }) => agentId);
    }
    return valid;
  }

  async #claimed(
    state: AccountState,
    devices: readonly string[],
    signal: AbortSignal | undefined,
  ): Promise<readonly Claimed[]> {
    const { username } = state;
    try {
      const answer = await this.#call(0x4b, { username, devices: devices.map(utf8Encode) }, { signal });
      return checkedPackages(answer.keyPackages, state, devices);
    } catch (error) {
      if (callFailure(error)?.code === 'E_NO_KEY_PACKAGE') return [];
      throw error;
    }
  }
}

interface Claimed extends Pick<KeyPackageClaims, 'agentId' | 'notAfter'> {
  readonly bytes: Uint8Array;
}

/** @throws ProtocolError `E_DIRECTORY_LIE` where one is not of a device that was asked for. */
function checkedPackages(
  packages: readonly Uint8Array[],
  state: AccountState,
  devices: readonly string[],
): readonly Claimed[] {
  return packages.map((bytes) => {
    const claim = inspectKeyPackage(bytes);
    const device = claim === undefined ? undefined : deviceOf(state, claim.agentId);
    const isTheirs =
      claim !== undefined &&
      device !== undefined &&
      device.revoked === undefined &&
      devices.includes(claim.agentId) &&
      equalBytes(claim.accountId, state.accountId) &&
      equalBytes(claim.signatureKey, device.signingKey);
    if (isTheirs) return { bytes: bytes.slice(), agentId: claim.agentId, notAfter: claim.notAfter };
    throw new ProtocolError('E_DIRECTORY_LIE', `the server handed out a key package that is not of ${state.username}`);
  });
}
