/**
 * Accounts: register, log in and out, and end the account of this device (docs/protocols/messaging.md §2, §3).
 *
 * What a call needs to be repeated as it was is written down before it is made: whoever registers again after a lost
 * answer gets the account that the first attempt made.
 */
import { USERNAME_RULE, foldUsername, signLogin, usernameFault, verifyAccountLog } from '@sealane/shared/accounts';
import type { Crypto, Random } from '@sealane/shared/crypto';
import { ConfigError, ProtocolError } from '@sealane/shared/errors';
import type { LoggedIn } from '@sealane/shared/packets';
import { listDevice, makeAccount, type NamedDevice } from '@sealane/e2ee/identity';
import { DeviceKeys, RecoveryKey, parseRecoveryText } from '@sealane/e2ee/keys';
import { explained } from '@sealane/node/config';
import { callFailure } from './call-failure.ts';
import type { Directory } from './directory.ts';
import type { Journal } from './journal.ts';
import type { MessagingConnection } from './messaging-connection.ts';
import { noAccount, type OwnAccount } from './own-account.ts';
import { tables, type AccountRow } from './tables.ts';

/** What accounts need of the others. */
export interface AccountsParts {
  readonly connection: MessagingConnection;
  readonly journal: Journal;
  readonly crypto: Crypto;
  readonly random: Random;
  readonly now: () => number;
  readonly own: OwnAccount;
  readonly directory: Directory;
  /** The device is listed from now on. */
  onListed(): Promise<void>;
  /** Nothing of the account may stay behind. */
  onEnded(): Promise<void>;
}

/** How a password account is made. */
export interface RegisterOptions {
  /** Undefined makes an account that only its devices open. */
  readonly password?: string | undefined;
  /** What its owner calls this device; at most 64 bytes. */
  readonly deviceName?: string;
  /** Token of the operator, where registration needs one. */
  readonly registrationToken?: Uint8Array | undefined;
}

/** What an account is, for its owner. */
export interface AccountView {
  readonly username: string;
  readonly agentId: string;
  readonly deviceName: string;
  readonly isListed: boolean;
  readonly isLoggedIn: boolean;
  readonly phase: AccountRow['phase'];
  /** The recovery key, until somebody said that it was shown. */
  readonly recoveryKey: string | undefined;
}

const NOTHING = new Uint8Array(0);

/** The account of this device, as `messaging.accounts`. */
export class Accounts {
  readonly #parts: AccountsParts;

  constructor(parts: AccountsParts) {
    this.#parts = parts;
  }

  /**
   * Makes an account; this device is its first.
   *
   * @returns the recovery key in words for paper. It is not kept once `recoveryKeyShown` was called.
   * @throws ProtocolError `E_USERNAME_TAKEN`, `E_BAD_USERNAME`, `E_BAD_PASSWORD`, `E_REGISTRATION_CLOSED`.
   */
  async register(
    name: string,
    options: RegisterOptions = {},
  ): Promise<{ readonly username: string; readonly recoveryKey: string }> {
    const username = checkedUsername(name);
    const row = await this.#registering(username, options.deviceName ?? '');
    const statements = [row.genesis, row.addDevice];
    let answer: LoggedIn;
    try {
      answer = await this.#parts.connection.call(0x40, {
        username,
        password: options.password ?? null,
        statements,
        registrationToken: options.registrationToken ?? null,
      });
    } catch (error) {
      // Nothing was made: another name, or password, may be tried.
      if (isRefusal(error)) await this.#parts.journal.transaction((tx) => tables.account.delete(tx, 'self'));
      throw error;
    }
    const log = verifyAccountLog(this.#parts.crypto, statements);
    if (!log.ok) throw new ProtocolError('E_BAD_STATEMENT');
    await this.#parts.directory.adopt(username, statements);
    await this.#parts.own.change({ ...sessionOf(answer), phase: 'listed', accountId: log.state.accountId });
    await this.#parts.onListed();
    return { username, recoveryKey: row.recoveryKey };
  }

  /** The recovery key was shown: it is forgotten here. */
  async recoveryKeyShown(): Promise<void> {
    await this.#parts.own.change({ recoveryKey: '' });
  }

  /**
   * Opens a session: on a device that is listed by its signature, else by password.
   *
   * @returns whether the device is listed; where it is not, it can be linked, or listed by the recovery key.
   * @throws ProtocolError `E_LOGIN_FAILED`; ConfigError `E_USAGE` where this directory has another account.
   */
  async login(
    name: string,
    options: { readonly password?: string | undefined; readonly deviceName?: string } = {},
  ): Promise<{ readonly isListed: boolean }> {
    const username = checkedUsername(name);
    const row = await this.#parts.own.find();
    if (row !== undefined && row.username !== username && row.phase !== 'registering')
      throw anotherAccount(row.username);
    if (row?.phase === 'listed' && options.password === undefined) return await this.#loginBySignature(row);
    if (options.password === undefined) throw passwordNeeded();
    const answer = await this.#parts.connection.call(0x41, {
      username,
      password: options.password,
      challenge: null,
      signature: null,
    });
    if (row?.phase !== 'listed') await this.#becomeLinking(username, options.deviceName ?? row?.deviceName ?? '');
    await this.#parts.own.change(sessionOf(answer));
    return { isListed: answer.isListed };
  }

  /** Opens a session of a listed device where there is none: at the start, and after the server ended it. */
  async resume(): Promise<void> {
    const row = await this.#parts.own.require();
    if (row.isLoggedIn === 1) await this.#loginBySignature(row);
  }

  /** Lists this device by the recovery key, where no other device is left to approve it. */
  async recover(text: string): Promise<void> {
    const { own, directory, connection, now, crypto } = this.#parts;
    const row = await own.find();
    if (row?.phase !== 'linking')
      throw row === undefined ? noAccount() : new ConfigError('E_USAGE', 'This device is listed already');
    const parsed = parseRecoveryText(text);
    if (!parsed.ok) throw badRecoveryKey(parsed.wrongGroups);
    const key = new RecoveryKey(crypto, parsed.secret);
    const state = await directory.refresh(row.username);
    const at = Math.floor(now() / 1_000);
    const { statement } = listDevice(crypto, state, {
      device: namedDevice(row, own.keys(row), connection),
      signer: key,
      at,
    });
    key.wipe();
    await connection.call(0x45, { statement });
    await this.becomeListed(row);
  }

  /** The log lists this device now: takes note of it, and opens a session by signature. */
  async becomeListed(row: AccountRow): Promise<void> {
    const state = await this.#parts.directory.refresh(row.username);
    await this.#parts.own.change({ phase: 'listed', accountId: state.accountId });
    await this.#loginBySignature(await this.#parts.own.require());
    await this.#parts.onListed();
  }

  /** Ends the session; messages and keys stay. */
  async logout(options: { readonly everywhere?: boolean } = {}): Promise<void> {
    if ((await this.#parts.own.find()) === undefined) throw noAccount();
    await this.#parts.connection.call(0x43, { everywhere: options.everywhere ?? false });
    await this.#parts.own.change({ isLoggedIn: 0, accessToken: '', refreshToken: '', tokenExpiresAt: 0 });
  }

  /** @param password the present one; undefined for an account without. */
  async changePassword(password: string | undefined, newPassword: string): Promise<void> {
    await this.#parts.own.require();
    await this.#parts.connection.call(0x44, { password: password ?? null, newPassword, endsAccount: false });
  }

  /** Ends the account for good. */
  async delete(password: string | undefined): Promise<void> {
    await this.#parts.own.require();
    await this.#parts.connection.call(0x44, { password: password ?? null, newPassword: null, endsAccount: true });
    await this.#parts.own.change({ phase: 'ended', isLoggedIn: 0 });
    await this.#parts.onEnded();
  }

  /** Undefined where there is none. */
  async show(): Promise<AccountView | undefined> {
    const row = await this.#parts.own.find();
    if (row === undefined) return undefined;
    const { username, agentId, deviceName, phase, recoveryKey } = row;
    return {
      username,
      agentId,
      deviceName,
      phase,
      isListed: phase === 'listed',
      isLoggedIn: row.isLoggedIn === 1,
      recoveryKey: recoveryKey === '' || phase !== 'listed' ? undefined : recoveryKey,
    };
  }

  /** The row of a registration under way; the same for the same name. */
  async #registering(username: string, deviceName: string): Promise<AccountRow> {
    const { own, crypto, random, now, connection, journal } = this.#parts;
    const known = await own.find();
    if (known?.phase === 'registering' && known.username === username) return known;
    if (known !== undefined && known.phase !== 'registering' && known.phase !== 'ended')
      throw anotherAccount(known.username);
    const keys = DeviceKeys.generate(crypto, random);
    const recovery = RecoveryKey.generate(crypto, random);
    const at = Math.floor(now() / 1_000);
    const base = { ...freshAccount(username, agentIdOf(connection), deviceName), deviceKeys: keys.toSecretBytes() };
    const { statements } = makeAccount(
      crypto,
      { username, recoveryKey: recovery.signingPublicKey, device: namedDevice(base, keys, connection) },
      { signer: keys, at },
    );
    const [genesis, addDevice] = statements;
    const row: AccountRow = { ...base, genesis, addDevice, recoveryKey: recovery.toText() };
    await journal.transaction((tx) => tables.account.put(tx, row));
    return row;
  }

  async #becomeLinking(username: string, deviceName: string): Promise<void> {
    const { crypto, random, connection, journal } = this.#parts;
    await journal.transaction(async (tx) => {
      const known = await tables.account.get(tx, 'self');
      if (known?.phase === 'linking' && known.username === username) return;
      const keys = DeviceKeys.generate(crypto, random);
      const base = freshAccount(username, agentIdOf(connection), deviceName);
      await tables.account.put(tx, { ...base, phase: 'linking', deviceKeys: keys.toSecretBytes() });
    });
  }

  async #loginBySignature(row: AccountRow): Promise<{ readonly isListed: boolean }> {
    const { connection, own } = this.#parts;
    const { username } = row;
    const { serverKey } = connection;
    const asked = await connection.call(0x41, { username, password: null, challenge: null, signature: null });
    const { challenge } = asked;
    if (challenge === null || serverKey === undefined)
      throw new ProtocolError('E_STATE', 'the server sent no challenge');
    const signature = signLogin({ serverKey, challenge, username }, own.keys(row));
    const answer = await connection.call(0x41, { username, password: null, challenge, signature });
    await own.change(sessionOf(answer));
    return { isListed: answer.isListed };
  }
}

/** The device of a row, as statements name it. */
export function namedDevice(
  { agentId, deviceName }: Pick<AccountRow, 'agentId' | 'deviceName'>,
  { signingPublicKey }: Pick<DeviceKeys, 'signingPublicKey'>,
  { transportKey }: Pick<MessagingConnection, 'transportKey'>,
): NamedDevice {
  return { agentId, transportKey, signingKey: signingPublicKey, name: deviceName };
}

/** A name as it was typed. @throws ConfigError `E_BAD_USERNAME`. */
export function checkedUsername(text: string): string {
  const username = foldUsername(text);
  const fault = usernameFault(username);
  if (fault === undefined) return username;
  const error = new ConfigError('E_BAD_USERNAME', `${JSON.stringify(text)} cannot be the name of an account`);
  throw explained(error, { why: fault === 'reserved' ? 'The name is reserved.' : `A name has ${USERNAME_RULE}.` });
}

function freshAccount(username: string, agentId: string, deviceName: string): AccountRow {
  return {
    self: 'self',
    username,
    accountId: NOTHING,
    agentId,
    deviceKeys: NOTHING,
    deviceName,
    phase: 'registering',
    isLoggedIn: 0,
    lastWrite: 0,
    recoveryKey: '',
    genesis: NOTHING,
    addDevice: NOTHING,
    accessToken: '',
    refreshToken: '',
    tokenExpiresAt: 0,
    keyPackagesWaiting: 0,
    lastResortAt: 0,
  };
}

function sessionOf(answer: LoggedIn): Partial<AccountRow> {
  const { accessToken, refreshToken, expiresAt } = answer;
  return { isLoggedIn: 1, accessToken: accessToken ?? '', refreshToken: refreshToken ?? '', tokenExpiresAt: expiresAt };
}

function agentIdOf({ agentId }: MessagingConnection): string {
  if (agentId === undefined) throw new ProtocolError('E_CLOSED', 'there is no connection to a server yet');
  return agentId;
}

function isRefusal(error: unknown): boolean {
  const code = callFailure(error)?.code;
  return (
    code === 'E_USERNAME_TAKEN' ||
    code === 'E_BAD_USERNAME' ||
    code === 'E_BAD_PASSWORD' ||
    code === 'E_REGISTRATION_CLOSED' ||
    code === 'E_BAD_STATEMENT'
  );
}

function anotherAccount(username: string): ConfigError {
  return explained(new ConfigError('E_USAGE', `This data directory belongs to the account ${username}`), {
    why: 'A data directory is one device of one account.',
    next: 'Choose another --data-dir for another account.',
  });
}

function passwordNeeded(): ConfigError {
  return explained(new ConfigError('E_USAGE', 'This device is not listed in the account: a password is needed'), {
    next: 'Give it with --password-file.',
  });
}

function badRecoveryKey(wrongGroups: readonly number[]): ConfigError {
  const where = wrongGroups.length === 0 ? '' : `: look at group ${wrongGroups.join(', ')}`;
  return new ConfigError('E_RECOVERY_KEY', `This is not a whole recovery key${where}`);
}
