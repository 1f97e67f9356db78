/**
 * DirectoryMonitor: has the server prove what it says of accounts, also when nobody asks for them and no item tells of a change
 * (docs/protocols/messaging.md §11.4). A server that shows this account with a device of somebody else, or keeps the
 * revocation of a friend's device to itself, is seen without its help.
 */
import type { AccountState } from '@sealane/shared/accounts';
import { isPassing } from './call-failure.ts';
import type { Directory } from './directory.ts';
import type { OwnAccount } from './own-account.ts';
import type { ContactRow } from './tables.ts';

export interface DirectoryMonitorParts {
  readonly directory: Directory;
  readonly account: OwnAccount;
  readonly now: () => number;
  /** An account was asked for: what follows from its devices is done. */
  onChecked(state: AccountState): Promise<void>;
}

/** An account that was checked. */
export interface CheckedAccount {
  readonly username: string;
  readonly isOwn: boolean;
  /** How many its log has. */
  readonly statements: number;
  /** How many came since it was checked before. */
  readonly added: number;
}

/** The own account is looked at so often, others less so. */
const OWN_MS = 3_600_000;
const OTHERS_MS = 86_400_000;
/** Others in one round: the rest has its turn in the next one. */
const OTHERS_MAX = 16;

export class DirectoryMonitor {
  readonly #parts: DirectoryMonitorParts;

  constructor(parts: DirectoryMonitorParts) {
    this.#parts = parts;
  }

  /** Checks what is due; a lie about one does not spare the others. @throws ProtocolError `E_DIRECTORY_LIE`, the first one. */
  async run(): Promise<void> {
    const { account, directory, now } = this.#parts;
    const own = await account.require();
    const contacts = await directory.contacts();
    const isDue = ({ username, checkedAt }: ContactRow): boolean =>
      now() - checkedAt > (username === own.username ? OWN_MS : OTHERS_MS);
    const due = ordered(contacts.filter(isDue), own.username);
    const faults: unknown[] = [];
    for (const row of due.slice(0, OTHERS_MAX)) {
      try {
        await this.#check(row, own.username);
      } catch (error) {
        if (isPassing(error)) throw error;
        faults.push(error);
      }
    }
    if (faults.length > 0) throw faults[0];
  }

  /** Checks everybody that this device knows. @throws ProtocolError `E_DIRECTORY_LIE`; the first is the last. */
  async *checkAll(): AsyncGenerator<CheckedAccount> {
    const own = await this.#parts.account.require();
    for (const row of ordered(await this.#parts.directory.contacts(), own.username)) {
      yield await this.#check(row, own.username);
    }
  }

  async #check({ username, count }: ContactRow, own: string): Promise<CheckedAccount> {
    const state = await this.#parts.directory.refresh(username);
    await this.#parts.onChecked(state);
    return { username, isOwn: username === own, statements: state.count, added: state.count - count };
  }
}

/** The own account first, then those that were checked longest ago. */
function ordered(rows: readonly ContactRow[], own: string): readonly ContactRow[] {
  const rank = ({ username, checkedAt }: ContactRow): number => (username === own ? 0 : checkedAt);
  return [...rows].sort((a, b) => rank(a) - rank(b));
}
