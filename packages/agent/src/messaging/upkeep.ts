/** Upkeep: what is due by the clock: messages whose time is over, key packages, certificates, updates of leaves. */
import { toHex } from '@sealane/shared/bytes';
import { deviceOf, type AccountState } from '@sealane/shared/accounts';
import type { Chores } from './chores.ts';
import type { Devices } from './devices.ts';
import type { DirectoryMonitor } from './directory-monitor.ts';
import type { Directory } from './directory.ts';
import type { Intake } from './intake.ts';
import type { Journal } from './journal.ts';
import type { KeyPackageStock } from './key-package-stock.ts';
import type { MessageBook } from './message-book.ts';
import type { OwnAccount } from './own-account.ts';
import { tables } from './tables.ts';
import type { WaitingItems } from './waiting-items.ts';

export interface UpkeepParts {
  readonly journal: Journal;
  readonly book: MessageBook;
  readonly stock: KeyPackageStock;
  readonly devices: Devices;
  readonly account: OwnAccount;
  readonly directory: Directory;
  readonly waiting: WaitingItems;
  readonly intake: Intake;
  readonly monitor: DirectoryMonitor;
  readonly now: () => number;
}

/** Away for so long, a device updates its leaves (docs/protocols/messaging.md §6.9). */
const AWAY_MS = 86_400_000;
/** How often the stock of key packages is looked at, and what waits. */
const STOCK_MS = 3_600_000;
/** Messages that are removed in one transaction. */
const SWEEP_ROWS = 200;

export class Upkeep {
  readonly #parts: UpkeepParts;
  #stockAt = 0;

  constructor(parts: UpkeepParts) {
    this.#parts = parts;
  }

  async run(): Promise<void> {
    const { now, stock, devices, account, waiting, intake, monitor } = this.#parts;
    await this.sweep();
    const row = await account.find();
    if (row?.phase !== 'listed') return;
    await this.#noteAway();
    if (now() - this.#stockAt < STOCK_MS) return;
    this.#stockAt = now();
    await waiting.giveUpOld();
    for (const group of await waiting.stuckGroups()) await intake.retryWaiting(group);
    await stock.refill();
    await devices.renew();
    await monitor.run();
  }

  /** Removes messages whose time is over. @returns how many. */
  async sweep(): Promise<number> {
    const { journal, book, now } = this.#parts;
    for (let removed = 0; ;) {
      const count = await journal.transaction(async (tx) => {
        const due = await tables.expiries.list(tx, { to: [now() + 1], limit: SWEEP_ROWS });
        for (const { expiresAt, conversation, order } of due) {
          const row = await tables.messages.get(tx, conversation, order);
          if (row === undefined) await tables.expiries.delete(tx, expiresAt, conversation, order);
          else await book.remove(tx, row);
        }
        return due.length;
      });
      removed += count;
      if (count < SWEEP_ROWS) return removed;
    }
  }

  /** A log has grown: groups with its account are tended, and this device learns whether it was revoked. */
  async refreshed(state: AccountState, chores: Chores): Promise<void> {
    const { journal, account } = this.#parts;
    const own = await account.find();
    if (own?.username === state.username && deviceOf(state, own.agentId)?.revoked !== undefined) {
      await account.change({ phase: 'revoked', isLoggedIn: 0 });
      return;
    }
    const id = toHex(state.accountId);
    await journal.transaction(async (tx) => {
      for (const { group, state: standing } of await tables.groups.list(tx)) {
        // The devices of that account do it first; this one when they do not.
        if (standing === 'active' && own !== undefined && id === toHex(own.accountId))
          await chores.add(tx, 'tend', { group });
      }
    });
  }

  async #noteAway(): Promise<void> {
    const { journal, now } = this.#parts;
    await journal.transaction(async (tx) => {
      const last = await tables.values.get(tx, 'last-upkeep');
      const at = typeof last?.value === 'number' ? last.value : now();
      await tables.values.put(tx, { name: 'last-upkeep', value: now() });
      if (now() - at < AWAY_MS) return;
      for (const row of await tables.groups.list(tx)) {
        if (row.state === 'active') await tables.groups.patch(tx, row, { mustUpdate: 1 });
      }
    });
  }
}
