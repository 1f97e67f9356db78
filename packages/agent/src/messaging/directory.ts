/**
 * Directory: the accounts that this device knows, each log verified, each answer of the server proved (docs/protocols/messaging.md
 * §4, §11). States are in memory too, because leaves of groups are judged without waiting.
 */
import { equalBytes, toHex } from '@sealane/shared/bytes';
import { decodeStatement, statementHash, verifyAccountLog, type AccountState } from '@sealane/shared/accounts';
import type { Crypto } from '@sealane/shared/crypto';
import { ProtocolError } from '@sealane/shared/errors';
import type { DirectoryEntry } from '@sealane/shared/packets';
import { decodeTreeHead, verifyTreeHead } from '@sealane/shared/transparency';
import {
  DirectoryChecker,
  HeadGossip,
  newContact,
  safetyCode,
  safetyNumber,
  seeIdentity,
  strangeStatements,
  verifyIdentity,
  acceptIdentity,
  expectSendable,
  type CheckedEntry,
  type Contact,
} from '@sealane/e2ee/identity';
import type { Transaction } from '@sealane/e2ee/storage';
import { packStatements, unpackStatements } from './account-log-bytes.ts';
import { callFailure } from './call-failure.ts';
import type { Journal } from './journal.ts';
import type { MessagingConnection } from './messaging-connection.ts';
import { signingKeyCandidates } from './server-signing-key.ts';
import { tables, type ContactRow } from './tables.ts';

export interface DirectoryParts {
  readonly connection: MessagingConnection;
  readonly journal: Journal;
  readonly crypto: Crypto;
  readonly now: () => number;
}

/** Answers of one look-up at most: a log of 4,096 statements has 64. */
const ANSWERS_MAX = 80;
/** Look-ups that another process overtook. */
const OVERTAKEN_MAX = 10;
/** Transparency Queries for one head that was heard. */
const GOSSIP_ANSWERS_MAX = 8;

export class Directory {
  readonly #parts: DirectoryParts;
  readonly #byId = new Map<string, AccountState>();
  readonly #idByName = new Map<string, string>();
  #turn: Promise<unknown> = Promise.resolve();

  constructor(parts: DirectoryParts) {
    this.#parts = parts;
  }

  /** Reads what is known. */
  async load(): Promise<void> {
    const rows = await this.#parts.journal.transaction((tx) => tables.contacts.list(tx));
    for (const row of rows) {
      const state = this.#stateOf(row);
      if (state !== undefined) this.#remember(state);
    }
  }

  /** By account id, 32 bytes. */
  stateById(accountId: Uint8Array): AccountState | undefined {
    return this.#byId.get(toHex(accountId));
  }

  stateByName(username: string): AccountState | undefined {
    const id = this.#idByName.get(username);
    return id === undefined ? undefined : this.#byId.get(id);
  }

  /** The name of an account by its id in hexadecimal; the id itself for one that is not known. */
  nameOf(accountId: string): string {
    return this.#byId.get(accountId)?.username ?? accountId;
  }

  /**
   * Asks the server for an account, checks all of the answer and keeps it.
   *
   * @throws ProtocolError `E_NO_ACCOUNT`; `E_DIRECTORY_LIE` when the answer does not go with what was seen before.
   */
  refresh(username: string): Promise<AccountState> {
    const turn = this.#turn.catch(() => undefined).then(() => this.#refresh(username));
    this.#turn = turn;
    return turn;
  }

  /** Takes a log that was made here, or came from another own device. @throws ProtocolError `E_BAD_STATEMENT`. */
  async adopt(username: string, statements: readonly Uint8Array[]): Promise<AccountState> {
    const result = verifyAccountLog(this.#parts.crypto, statements);
    if (!result.ok || result.state.username !== username) throw new ProtocolError('E_BAD_STATEMENT');
    const { state } = result;
    await this.#parts.journal.transaction(async (tx) => {
      const known = await tables.contacts.get(tx, username);
      if ((known?.count ?? 0) < state.count) await this.#save(tx, known, { state, statements }, undefined);
    });
    return state;
  }

  async contacts(): Promise<readonly ContactRow[]> {
    return await this.#parts.journal.transaction((tx) => tables.contacts.list(tx));
  }

  async contact(username: string): Promise<ContactRow | undefined> {
    return await this.#parts.journal.transaction((tx) => tables.contacts.get(tx, username));
  }

  /** @throws ProtocolError `E_UNVERIFIED` where the identity of a verified contact changed. */
  async expectSendable(tx: Transaction, usernames: Iterable<string>): Promise<void> {
    for (const username of usernames) {
      const row = await tables.contacts.get(tx, username);
      if (row !== undefined) expectSendable(contactOf(row));
    }
  }

  /** What two people compare: 12 groups of digits, and the text of a QR code. */
  safetyNumber(own: AccountState, theirs: AccountState): { readonly digits: string; readonly code: string } {
    const { crypto } = this.#parts;
    return { digits: safetyNumber(crypto, own, theirs), code: safetyCode(crypto, own, theirs) };
  }

  /** The numbers were compared (`verified`), or the change is accepted without (`unverified`). */
  async confirm(username: string, trust: 'verified' | 'unverified'): Promise<void> {
    await this.#parts.journal.transaction(async (tx) => {
      const row = await tables.contacts.get(tx, username);
      if (row === undefined) throw new ProtocolError('E_NO_ACCOUNT', `${username} is not known here`);
      const contact = contactOf(row);
      const changed = trust === 'verified' ? verifyIdentity(contact, row) : acceptIdentity(contact, row);
      await tables.contacts.patch(tx, row, { trust: changed.trust });
      this.#parts.journal.tell(tx, { type: 'contact-changed', username, change: 'trust' });
    });
  }

  /** The newest head that was seen, for messages. */
  async head(tx: Transaction): Promise<Uint8Array | undefined> {
    const row = await tables.values.get(tx, 'tree-head');
    return row?.value instanceof Uint8Array ? row.value : undefined;
  }

  /** Has the server prove that its log continues the head that somebody else was shown. @throws ProtocolError `E_DIRECTORY_LIE`. */
  hear(signed: Uint8Array): Promise<void> {
    const turn = this.#turn.catch(() => undefined).then(() => this.#hear(signed));
    this.#turn = turn;
    return turn;
  }

  async #hear(signed: Uint8Array): Promise<void> {
    const { crypto, journal, connection } = this.#parts;
    const checker = await journal.transaction((tx) => this.#checker(tx, signed));
    if (checker === undefined) return;
    const gossip = new HeadGossip(crypto, checker);
    gossip.hear(signed);
    for (let asked = 0; asked < GOSSIP_ANSWERS_MAX; asked++) {
      const treeSize = gossip.nextQuery();
      if (treeSize === undefined) break;
      const settled = gossip.takeAnswer(await connection.call(0x59, { treeSize }));
      if (!settled) checker.takeHead(await connection.call(0x59, { treeSize: checker.treeSize }));
    }
    await journal.transaction((tx) => this.#saveHead(tx, checker));
  }

  async #refresh(username: string): Promise<AccountState> {
    for (let overtaken = 0; overtaken < OVERTAKEN_MAX; overtaken++) {
      const state = await this.#lookUp(username);
      if (state !== undefined) return state;
    }
    throw new ProtocolError('E_BUSY', 'other processes of this device ask the directory all the time');
  }

  /** One look-up. @returns undefined when another process was faster. */
  async #lookUp(username: string): Promise<AccountState | undefined> {
    const { journal, connection } = this.#parts;
    const row = await journal.transaction((tx) => tables.contacts.get(tx, username));
    const known = row === undefined ? undefined : this.#stateOf(row);
    const statements: Uint8Array[] = [];
    let state = known;
    for (let answers = 0; answers < ANSWERS_MAX; answers++) {
      const checker = await journal.transaction((tx) => this.#checker(tx));
      const treeSize = checker?.treeSize ?? 0;
      const answer = await connection
        .call(0x46, { username, fromIndex: state?.count ?? 0, treeSize })
        .catch(named(username));
      const judge = checker ?? (await journal.transaction((tx) => this.#checker(tx, answer.head)));
      if (judge === undefined) throw new ProtocolError('E_DIRECTORY_LIE', 'a head is not signed by the server');
      const checked = judge.takeEntry(username, state, answer);
      statements.push(...answer.statements.map((bytes) => bytes.slice()));
      state = checked.state;
      if (checked.isComplete && row !== undefined && state.count < row.count)
        throw new ProtocolError('E_DIRECTORY_LIE', `the log of ${username} became shorter`);
      const isCurrent = await journal.transaction(async (tx) => {
        const present = await tables.contacts.get(tx, username);
        if ((present?.count ?? 0) !== (row?.count ?? 0)) return false;
        await this.#saveHead(tx, judge);
        if (checked.isComplete) await this.#saveChecked(tx, username, known, { checked, statements, answer });
        return true;
      });
      if (!isCurrent) return undefined;
      if (checked.isComplete) return checked.state;
    }
    throw new ProtocolError('E_DIRECTORY_LIE', 'the log of an account has no end');
  }

  async #saveChecked(
    tx: Transaction,
    username: string,
    known: AccountState | undefined,
    found: {
      readonly checked: CheckedEntry;
      readonly statements: readonly Uint8Array[];
      readonly answer: DirectoryEntry;
    },
  ): Promise<void> {
    const { checked, statements, answer } = found;
    const row = await tables.contacts.get(tx, username);
    await this.#save(tx, row, { state: checked.state, statements }, answer);
    const own = await tables.account.get(tx, 'self');
    if (own?.username !== username || known === undefined || statements.length === 0) return;
    const { crypto, journal } = this.#parts;
    const signingKey = checked.state.devices.find(({ agentId }) => agentId === own.agentId)?.signingKey;
    const made = statements.filter((bytes) => isSame(decodeStatement(bytes)?.author, signingKey));
    const ownHashes = new Set(made.map((bytes) => toHex(statementHash(crypto, bytes))));
    const strange = strangeStatements(crypto, { known, statements }, (hash) => ownHashes.has(toHex(hash)));
    const serious = strange.filter(({ isSerious }) => isSerious);
    if (serious.length > 0) journal.tell(tx, { type: 'account-changed', statements: serious.length });
  }

  async #save(
    tx: Transaction,
    row: ContactRow | undefined,
    { state, statements }: { readonly state: AccountState; readonly statements: readonly Uint8Array[] },
    answer: DirectoryEntry | undefined,
  ): Promise<void> {
    const { username, accountId, recoveryKey, count, displayName } = state;
    const identity = { accountId, recoveryKey };
    const contact = row === undefined ? newContact(username, identity) : seeIdentity(contactOf(row), identity);
    const log = row === undefined ? [] : (unpackStatements(row.log) ?? []);
    const { trust, changes } = contact;
    const presence = answer?.presence ?? row?.presence ?? 0;
    const lastSeenAt = answer?.lastSeenAt ?? row?.lastSeenAt ?? 0;
    const whole = packStatements([...log, ...statements].slice(-count));
    await tables.contacts.put(tx, {
      ...{ username, accountId, recoveryKey, count, displayName, trust, changes, presence, lastSeenAt },
      log: whole,
      checkedAt: this.#parts.now(),
    });
    await tables.accountNames.put(tx, { accountId, username });
    this.#remember(state);
    if (row !== undefined && row.count < count) this.#tellChange(tx, row, contact, displayName);
  }

  #tellChange(tx: Transaction, row: ContactRow, contact: Contact, displayName: string): void {
    const { username } = row;
    const isIdentity = contact.changes > row.changes;
    const change = isIdentity ? 'identity' : displayName === row.displayName ? 'devices' : 'profile';
    this.#parts.journal.tell(tx, { type: 'contact-changed', username, change });
  }

  /** Undefined while nothing that the server signed is at hand to find its key by. */
  async #checker(tx: Transaction, signed?: Uint8Array): Promise<DirectoryChecker | undefined> {
    const { crypto, connection } = this.#parts;
    const { serverKey } = connection;
    if (serverKey === undefined) throw new ProtocolError('E_CLOSED', 'there is no connection to a server');
    const lastHead = await this.head(tx);
    const sample = lastHead ?? signed;
    if (sample === undefined) return undefined;
    const candidates = signingKeyCandidates(serverKey);
    const fitting = (bytes: Uint8Array): Uint8Array | undefined =>
      candidates.find((key) => verifyTreeHead(crypto, bytes, key) !== undefined);
    const serverSigningKey = fitting(sample);
    if (serverSigningKey !== undefined) {
      return new DirectoryChecker({ crypto, serverSigningKey, ...(lastHead !== undefined && { lastHead }) });
    }
    // The server has a new key, which the agent accepted: its log begins anew here.
    const renewed = signed === undefined ? undefined : fitting(signed);
    return renewed === undefined ? undefined : new DirectoryChecker({ crypto, serverSigningKey: renewed });
  }

  /** Never an older one over a newer one of another process. */
  async #saveHead(tx: Transaction, { lastHead, treeSize }: DirectoryChecker): Promise<void> {
    const saved = await this.head(tx);
    const size = saved === undefined ? -1 : (decodeTreeHead(saved)?.treeSize ?? -1);
    if (lastHead !== undefined && treeSize >= size) await tables.values.put(tx, { name: 'tree-head', value: lastHead });
  }

  #remember(state: AccountState): void {
    const id = toHex(state.accountId);
    const known = this.#byId.get(id);
    if (known !== undefined && known.count > state.count) return;
    this.#byId.set(id, state);
    this.#idByName.set(state.username, id);
  }

  /** Undefined for a log that is damaged: all of it is asked for again, and whose identity it was stays known. */
  #stateOf(row: ContactRow): AccountState | undefined {
    const statements = unpackStatements(row.log);
    const result = statements === undefined ? undefined : verifyAccountLog(this.#parts.crypto, statements);
    return result?.ok === true && result.state.count === row.count ? result.state : undefined;
  }
}

/** Of several names that were given, it matters which. */
function named(username: string): (error: unknown) => never {
  return (error) => {
    if (callFailure(error)?.code !== 'E_NO_ACCOUNT') throw error;
    throw new ProtocolError('E_NO_ACCOUNT', `There is no account ${username}`, { cause: error });
  };
}

function contactOf({ username, accountId, recoveryKey, trust, changes }: ContactRow): Contact {
  return { username, identity: { accountId, recoveryKey }, trust, changes };
}

function isSame(left: Uint8Array | undefined, right: Uint8Array | undefined): boolean {
  return left === undefined || right === undefined ? left === right : equalBytes(left, right);
}
