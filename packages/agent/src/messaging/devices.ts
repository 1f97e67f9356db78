/**
 * Devices: link a new one, approve it at a listed one, revoke one, and renew the certificate of this one
 * (docs/protocols/messaging.md §4.4, §4.5, §10).
 *
 * link:    new device logs in → opens a link → shows a code → … the answer comes through its queue → it is listed
 * approve: listed device reads the code → lists the new device → posts the account, sealed to the code → adds it to groups
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { equalBytes } from '@sealane/shared/bytes';
import { deviceOf, isExpired, statementHash, type AccountState } from '@sealane/shared/accounts';
import { StaticKeyPair, type Crypto, type DocumentSigner, type Random } from '@sealane/shared/crypto';
import { ConfigError, ProtocolError } from '@sealane/shared/errors';
import { explained } from '@sealane/node/config';
import { LINK_ID_BYTES } from '@sealane/shared/packets';
import { isRenewalDue, listDevice, revokeDevice } from '@sealane/e2ee/identity';
import { RecoveryKey, openBox, parseRecoveryText, sealBox, type BoxPurpose } from '@sealane/e2ee/keys';
import { packStatements, unpackStatements } from './account-log-bytes.ts';
import { namedDevice, type Accounts } from './accounts.ts';
import { isPassing } from './call-failure.ts';
import type { Directory } from './directory.ts';
import type { Groups } from './groups.ts';
import type { Journal } from './journal.ts';
import { decodeLinkCode, encodeLinkCode, type LinkCode } from './link-code.ts';
import type { MessagingConnection } from './messaging-connection.ts';
import { noAccount, type OwnAccount } from './own-account.ts';
import { appendStatement } from './statements.ts';
import { tables, type AccountRow } from './tables.ts';

export interface DevicesParts {
  readonly connection: MessagingConnection;
  readonly journal: Journal;
  readonly crypto: Crypto;
  readonly random: Random;
  readonly now: () => number;
  readonly own: OwnAccount;
  readonly accounts: Accounts;
  readonly directory: Directory;
  readonly groups: Groups;
}

/** A device of the own account. */
export interface DeviceView {
  readonly agentId: string;
  readonly name: string;
  readonly state: 'listed' | 'expired' | 'revoked';
  /** Unix seconds. */
  readonly notAfter: number;
  readonly isThis: boolean;
}

const LINK_DOMAIN = 'sealane link 1';
/** Time that a listed device gives to the new one to hand in its key packages. */
const KEY_PACKAGES_MS = 20_000;
const LOOK_MS = 250;

/** The devices of this account, as `messaging.devices`. */
export class Devices {
  readonly #parts: DevicesParts;
  /** The link that this device waits on. */
  #link:
    | { readonly id: Uint8Array; readonly box: StaticKeyPair; readonly linked: PromiseWithResolvers<undefined> }
    | undefined;

  constructor(parts: DevicesParts) {
    this.#parts = parts;
  }

  /** Devices of the own account, in the order in which they came. */
  async list(): Promise<readonly DeviceView[]> {
    const { own, directory, now } = this.#parts;
    const row = await own.find();
    if (row === undefined) throw noAccount();
    const state = await directory.refresh(row.username);
    return devicesOf(state, { agentId: row.agentId, atSeconds: Math.floor(now() / 1_000) });
  }

  /**
   * Opens a link. The queue of this device has to be open, or opened next.
   *
   * @returns the code to be shown, and what resolves when another device has approved it.
   */
  async link(): Promise<{ readonly code: string; readonly linked: Promise<undefined> }> {
    const { own, connection, crypto, random } = this.#parts;
    const row = await own.find();
    if (row === undefined) throw noAccount();
    if (row.phase !== 'linking') throw linkedAlready(row.username);
    const id = random(LINK_ID_BYTES);
    const box = new StaticKeyPair(crypto, random(32));
    const linked = Promise.withResolvers<undefined>();
    linked.promise.catch(() => undefined);
    await connection.call(0x57, { link: id });
    this.#link = { id, box, linked };
    const { agentId, deviceName: name } = row;
    const { signingPublicKey: signingKey } = own.keys(row);
    const { transportKey } = connection;
    const code = encodeLinkCode(crypto, { link: id, boxKey: box.publicKey, transportKey, signingKey, agentId, name });
    return { code, linked: linked.promise };
  }

  /** The answer to the link came. Anything else is ignored: only whoever saw the code can have sealed it. */
  async takeLink(body: Uint8Array): Promise<void> {
    const link = this.#link;
    const { own, crypto } = this.#parts;
    const row = await own.find();
    if (link === undefined || row?.phase !== 'linking') return;
    const opened = openBox(crypto, purposeOf(link.id), { recipient: link.box, sealed: body });
    const [genesis, head] = (opened === undefined ? undefined : unpackStatements(opened)) ?? [];
    if (genesis === undefined) return;
    try {
      await this.#becomeLinked(row, { genesis, head });
    } catch (error) {
      // The answer is used up: whoever waits for it has to know.
      if (!isPassing(error)) link.linked.reject(error);
      throw error;
    }
    this.#link = undefined;
    link.linked.resolve(undefined);
  }

  async #becomeLinked(
    row: AccountRow,
    { genesis, head }: { readonly genesis: Uint8Array; readonly head: Uint8Array | undefined },
  ): Promise<void> {
    const { own, accounts, crypto, directory } = this.#parts;
    const state = await directory.refresh(row.username);
    const device = deviceOf(state, row.agentId);
    const isThis = device !== undefined && equalBytes(device.signingKey, own.keys(row).signingPublicKey);
    if (!isThis || !equalBytes(state.accountId, statementHash(crypto, genesis))) {
      throw new ProtocolError(
        'E_DIRECTORY_LIE',
        'the server shows another account than the device that approved this one',
      );
    }
    if (head !== undefined) await directory.hear(head);
    await accounts.becomeListed(row);
  }

  /**
   * Lists the device that shows this code, and adds it to every group of this one.
   *
   * @param name what to call it; undefined leaves what it calls itself.
   * @throws ConfigError `E_DATA` for a code that was mistyped; ProtocolError `E_NO_LINK` for one that is over.
   */
  async approve(text: string, name?: string): Promise<{ readonly agentId: string; readonly groups: number }> {
    const { own, connection, crypto, random } = this.#parts;
    const row = await own.require();
    const code = decodeLinkCode(crypto, text);
    if (code === undefined) throw notACode();
    await this.#append((known, signer, at) => {
      if (isListedAs(known, code)) return undefined;
      return listDevice(crypto, known, { device: { ...code, name: name ?? code.name }, signer, at }).statement;
    });
    const plaintext = packStatements(await this.#ownView(row.username));
    const body = sealBox(crypto, purposeOf(code.link), { recipientKey: code.boxKey, plaintext, random });
    await connection.call(0x58, { link: code.link, body });
    return { agentId: code.agentId, groups: await this.#addToGroups(code.agentId) };
  }

  /**
   * Ends the rights of a device for good, and removes it from every group of this one.
   *
   * @param recoveryText the recovery key, where it shall be final for devices too.
   */
  async revoke(agentId: string, recoveryText?: string): Promise<void> {
    const { crypto, journal, groups, own } = this.#parts;
    await own.require();
    const key = recoveryText === undefined ? undefined : recoveryKeyOf(crypto, recoveryText);
    await this.#append((known, signer, at) => {
      const device = deviceOf(known, agentId);
      if (device === undefined) throw noDevice(agentId);
      if (device.revoked !== undefined) return undefined;
      return revokeDevice(crypto, known, { agentId, signer: key ?? signer, at }).statement;
    });
    const rows = await journal.transaction((tx) => tables.groups.list(tx));
    for (const { group, state } of rows) if (state === 'active') await groups.tend(group);
  }

  /** Renews the certificate of this device when it ends soon. */
  async renew(): Promise<void> {
    const { own, directory, connection, crypto, now } = this.#parts;
    const row = await own.require();
    const device = deviceOf(
      directory.stateByName(row.username) ?? (await directory.refresh(row.username)),
      row.agentId,
    );
    if (device === undefined || !isRenewalDue(device.notAfter, Math.floor(now() / 1_000))) return;
    await this.#append((known, signer, at) => {
      const keys = own.keys(row);
      return listDevice(crypto, known, { device: namedDevice(row, keys, connection), signer, at }).statement;
    });
  }

  /** The beginning of the own account, and the directory as this device sees it. */
  async #ownView(username: string): Promise<readonly Uint8Array[]> {
    const { journal, directory } = this.#parts;
    const contact = await directory.contact(username);
    const [genesis] = unpackStatements(contact?.log ?? new Uint8Array(0)) ?? [];
    const head = await journal.transaction((tx) => directory.head(tx));
    return [genesis, head].filter((bytes) => bytes !== undefined);
  }

  async #append(
    make: (state: AccountState, signer: DocumentSigner, at: number) => Uint8Array | undefined,
  ): Promise<AccountState> {
    const { own, connection, directory, now } = this.#parts;
    const row = await own.require();
    const keys = own.keys(row);
    try {
      return await appendStatement({ call: connection.call, directory }, row.username, (state) =>
        make(state, keys, Math.floor(now() / 1_000)),
      );
    } finally {
      keys.wipe();
    }
  }

  /** The new device hands in its key packages once it knows that it is listed. */
  async #addToGroups(agentId: string): Promise<number> {
    const { journal, groups } = this.#parts;
    const rows = await journal.transaction((tx) => tables.groups.list(tx));
    const active = rows.filter((row) => row.state === 'active');
    const deadline = performance.now() + KEY_PACKAGES_MS;
    let added = 0;
    for (const { group } of active) {
      for (;;) {
        await groups.tend(group);
        const members = await groups.members(group);
        const isThere = members.some(({ devices }) => devices.includes(agentId));
        if (isThere) added++;
        if (isThere || performance.now() > deadline) break;
        await sleep(LOOK_MS);
      }
    }
    return added;
  }
}

/** Devices as their owner sees them. */
export function devicesOf(
  state: AccountState,
  at: { readonly agentId: string; readonly atSeconds: number },
): readonly DeviceView[] {
  return state.devices.map((device) => ({
    agentId: device.agentId,
    name: device.name,
    state: device.revoked !== undefined ? 'revoked' : isExpired(device, at.atSeconds) ? 'expired' : 'listed',
    notAfter: device.notAfter,
    isThis: device.agentId === at.agentId,
  }));
}

function isListedAs(state: AccountState, { agentId, signingKey }: LinkCode): boolean {
  const device = deviceOf(state, agentId);
  return device !== undefined && device.revoked === undefined && equalBytes(device.signingKey, signingKey);
}

function recoveryKeyOf(crypto: Crypto, text: string): RecoveryKey {
  const parsed = parseRecoveryText(text);
  if (!parsed.ok) throw new ConfigError('E_RECOVERY_KEY', 'This is not a whole recovery key');
  return new RecoveryKey(crypto, parsed.secret);
}

function purposeOf(link: Uint8Array): BoxPurpose {
  return { domain: LINK_DOMAIN, context: link };
}

function notACode(): ConfigError {
  return explained(new ConfigError('E_DATA', 'This is not a whole code of a new device'), {
    why: 'A character is wrong or missing.',
    next: 'Enter all of it, from sealane-link- on, as `device link` shows it at the new device.',
  });
}

function linkedAlready(username: string): ConfigError {
  return explained(new ConfigError('E_USAGE', `This device belongs to ${username} already`), {
    why: 'Only a new device is linked.',
    next: 'Run device link at the new one, after account login there.',
  });
}

function noDevice(agentId: string): ConfigError {
  return explained(new ConfigError('E_USAGE', `The account has no device ${agentId}`), {
    why: 'Devices are named by their id.',
    next: 'See them with `device list`.',
  });
}
