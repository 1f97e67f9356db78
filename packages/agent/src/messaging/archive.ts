/**
 * Archive: account, contacts, conversations and messages of a device in one file under a passphrase. Never what opens groups, or
 * signs for a device: an archive gives back what was said, not the right to say more.
 */
import { concat, fromBase64, toBase64, utf8Decode, utf8Encode } from '@sealane/shared/bytes';
import type { Crypto, Random } from '@sealane/shared/crypto';
import { ConfigError } from '@sealane/shared/errors';
import { explained } from '@sealane/node/config';
import { unwrapWithPassphrase, wrapWithPassphrase } from '@sealane/e2ee/keys';
import type { Row, Transaction } from '@sealane/e2ee/storage';
import type { Directory } from './directory.ts';
import type { Journal } from './journal.ts';
import type { OwnAccount } from './own-account.ts';
import { nextNumber, tables, type ContactRow, type ConversationRow, type MessageRow } from './tables.ts';

export interface ArchiveParts {
  readonly journal: Journal;
  readonly crypto: Crypto;
  readonly random: Random;
  readonly now: () => number;
  readonly account: OwnAccount;
  readonly directory: Directory;
}

/** What an archive held. */
export interface ArchiveSummary {
  readonly username: string;
  readonly contacts: number;
  readonly conversations: number;
  readonly messages: number;
}

/** What is inside, as JSON; bytes are `{"base64": …}`. */
interface Contents {
  readonly format: 1;
  readonly username: string;
  readonly accountId: string;
  readonly at: number;
  readonly contacts: readonly Row[];
  readonly conversations: readonly Row[];
  readonly messages: readonly Row[];
}

const MAGIC = utf8Encode('sealane archive 1\n');

/** Export and import, as `messaging.archive`. */
export class Archive {
  readonly #parts: ArchiveParts;

  constructor(parts: ArchiveParts) {
    this.#parts = parts;
  }

  /** The archive as bytes. @throws ConfigError `E_NO_ACCOUNT_HERE`. */
  async export(passphrase: string): Promise<{ readonly bytes: Uint8Array; readonly summary: ArchiveSummary }> {
    const { journal, crypto, random, account, now } = this.#parts;
    const own = await account.find();
    if (own === undefined) throw new ConfigError('E_NO_ACCOUNT_HERE', 'This data directory has no account');
    const contents = await journal.transaction(async (tx): Promise<Contents> => ({
      format: 1,
      username: own.username,
      accountId: toBase64(own.accountId),
      at: now(),
      contacts: await tables.contacts.list(tx),
      conversations: await tables.conversations.list(tx),
      messages: await tables.messages.list(tx),
    }));
    const secret = utf8Encode(JSON.stringify(contents, replaceBytes));
    const wrapped = await wrapWithPassphrase(crypto, { passphrase, secret, random });
    return { bytes: concat(MAGIC, wrapped), summary: summaryOf(contents) };
  }

  /**
   * Adds what an archive has to what is here; what is here already stays as it is.
   *
   * @throws ConfigError `E_DATA` for another file, `E_PASSPHRASE`, `E_USAGE` for an archive of another account.
   */
  async import(bytes: Uint8Array, passphrase: string): Promise<ArchiveSummary> {
    const { journal, crypto, account, directory } = this.#parts;
    const isOurs = MAGIC.every((byte, index) => bytes[index] === byte);
    if (!isOurs) throw new ConfigError('E_DATA', 'This is not an archive of Sealane');
    const secret = await unwrapWithPassphrase(crypto, { passphrase, wrapped: bytes.subarray(MAGIC.length) });
    if (secret === undefined) {
      throw explained(new ConfigError('E_PASSPHRASE', 'The passphrase does not open the archive'), {
        why: 'It is another one, or the archive is damaged.',
      });
    }
    const contents = contentsOf(secret);
    const own = await account.find();
    if (own !== undefined && own.username !== contents.username) {
      throw new ConfigError(
        'E_USAGE',
        `The archive is of ${contents.username}, this data directory of ${own.username}`,
      );
    }
    const added = await journal.transaction((tx) => add(tx, contents));
    await directory.load();
    return { ...summaryOf(contents), ...added };
  }
}

async function add(tx: Transaction, contents: Contents): Promise<Omit<ArchiveSummary, 'username'>> {
  let [contacts, conversations, messages] = [0, 0, 0];
  for (const row of contents.contacts as readonly ContactRow[]) {
    const known = await tables.contacts.get(tx, row.username);
    // A verification is worth keeping; a log that is newer here is not replaced.
    if (known !== undefined && known.count >= row.count) continue;
    await tables.contacts.put(tx, row);
    await tables.accountNames.put(tx, { accountId: row.accountId, username: row.username });
    contacts++;
  }
  for (const row of contents.conversations as readonly ConversationRow[]) {
    if ((await tables.conversations.get(tx, row.id)) !== undefined) continue;
    await tables.conversations.put(tx, { ...row, unread: 0 });
    conversations++;
  }
  const inOrder = [...(contents.messages as readonly MessageRow[])].sort((a, b) => a.order - b.order);
  for (const row of inOrder) {
    if ((await tables.places.get(tx, row.id)) !== undefined) continue;
    const order = await nextNumber(tx, 'order');
    const { conversation, id } = row;
    const isUnderWay = row.state === 'sending';
    await tables.messages.put(tx, { ...row, order, isRead: 1, ...(isUnderWay && { state: 'failed' as const }) });
    await tables.places.put(tx, { id, conversation, order });
    await tables.timeline.put(tx, { order, conversation });
    if (row.expiresAt > 0) await tables.expiries.put(tx, { expiresAt: row.expiresAt, conversation, order });
    messages++;
  }
  return { contacts, conversations, messages };
}

function contentsOf(secret: Uint8Array): Contents {
  try {
    const contents = JSON.parse(utf8Decode(secret) ?? '', reviveBytes) as Partial<Contents>;
    if (contents.format === 1 && Array.isArray(contents.messages)) return contents as Contents;
  } catch {
    // Said below.
  }
  throw new ConfigError('E_DATA', 'The archive is damaged, or a newer version of Sealane wrote it');
}

function summaryOf({ username, contacts, conversations, messages }: Contents): ArchiveSummary {
  return {
    username,
    contacts: contacts.length,
    conversations: conversations.length,
    messages: messages.length,
  };
}

function replaceBytes(_key: string, value: unknown): unknown {
  return value instanceof Uint8Array ? { base64: toBase64(value) } : value;
}

function reviveBytes(_key: string, value: unknown): unknown {
  const isBytes = typeof value === 'object' && value !== null && 'base64' in value && typeof value.base64 === 'string';
  return isBytes ? (fromBase64(value.base64 as string) ?? new Uint8Array(0)) : value;
}
