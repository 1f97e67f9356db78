/** Users: the accounts of the server by name, whether one of them is there, and who may see that of this one. */
import { utf8Decode } from '@sealane/shared/bytes';
import { usernameFault } from '@sealane/shared/accounts';
import { DIRECTORY_PAGE_MAX } from '@sealane/shared/packets';
import type { Directory } from './directory.ts';
import type { CallServer } from './messaging-connection.ts';
import type { OwnAccount } from './own-account.ts';

/** Who may see whether an account is online: nobody, accounts in a group with it, or everybody. */
export type Visibility = (typeof VISIBILITIES)[number];

/** In the order of their numbers in Presence Set. */
export const VISIBILITIES = ['nobody', 'contacts', 'everybody'] as const;

/** Whether an account is there, as far as it is shown. */
export interface UserPresence {
  readonly username: string;
  readonly displayName: string;
  readonly state: 'hidden' | 'away' | 'online';
  /** Unix time in ms; undefined where it is not shown. */
  readonly lastSeenAt: number | undefined;
}

/** A page of names, in order. */
export interface UserPage {
  readonly usernames: readonly string[];
  readonly hasMore: boolean;
}

const STATES = ['hidden', 'away', 'online'] as const;

/** The accounts of the server, as `messaging.users`. */
export class Users {
  readonly #call: CallServer;
  readonly #directory: Directory;
  readonly #account: OwnAccount;

  constructor(call: CallServer, directory: Directory, account: OwnAccount) {
    this.#call = call;
    this.#directory = directory;
    this.#account = account;
  }

  /**
   * Names of accounts, a page at a time. The server may leave out whom it likes: this is to find names, and proves nothing.
   *
   * @param after the last name of the page before.
   */
  async list(page: { readonly after?: string | undefined; readonly limit?: number } = {}): Promise<UserPage> {
    await this.#account.require();
    const { after, limit = DIRECTORY_PAGE_MAX } = page;
    const answer = await this.#call(0x48, { after: after ?? null, limit });
    const usernames = answer.usernames.flatMap((bytes) => utf8Decode(bytes) ?? []);
    return { usernames: usernames.filter((name) => usernameFault(name) === undefined), hasMore: answer.hasMore };
  }

  /** Asks whether an account is there. @throws as `Directory.refresh`. */
  async presence(username: string): Promise<UserPresence> {
    await this.#account.require();
    const { displayName } = await this.#directory.refresh(username);
    const row = await this.#directory.contact(username);
    const state = STATES[row?.presence ?? 0] ?? 'hidden';
    const lastSeenAt = row === undefined || row.lastSeenAt === 0 ? undefined : row.lastSeenAt;
    return { username, displayName, state, lastSeenAt: state === 'hidden' ? undefined : lastSeenAt };
  }

  /** Says who may see whether this account is there; for all its devices. */
  async setVisibility(visibility: Visibility): Promise<void> {
    await this.#account.require();
    await this.#call(0x56, { visibility: VISIBILITIES.indexOf(visibility) });
  }
}
