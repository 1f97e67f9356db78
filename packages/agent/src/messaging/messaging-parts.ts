/** MessagingParts: the parts of a messaging client, and who needs whom. */
import { toHex } from '@sealane/shared/bytes';
import type { Crypto, Random } from '@sealane/shared/crypto';
import { ProtocolError, type SealaneError } from '@sealane/shared/errors';
import { E2eeEngine } from '@sealane/e2ee/engine';
import type { MlsCrypto } from '@sealane/e2ee/mls';
import type { Storage, Transaction } from '@sealane/e2ee/storage';
import { Accounts } from './accounts.ts';
import { Archive } from './archive.ts';
import { Blobs } from './blobs.ts';
import { isDamage, resumingCalls, retryingCalls } from './call-failure.ts';
import { CatchUp } from './catch-up.ts';
import { Chores } from './chores.ts';
import { Compose } from './compose.ts';
import { ContentRules } from './content-rules.ts';
import { Devices } from './devices.ts';
import { DirectoryMonitor } from './directory-monitor.ts';
import { Directory } from './directory.ts';
import { EndingCalls } from './ending-calls.ts';
import { Files } from './files.ts';
import { Groups } from './groups.ts';
import { Healing } from './healing.ts';
import { Intake } from './intake.ts';
import { Journal } from './journal.ts';
import { KeyPackageStock } from './key-package-stock.ts';
import { DirectoryJudge } from './leaf-judge.ts';
import type { Locks } from './locks.ts';
import { MemberNotes } from './member-notes.ts';
import { MessageBook } from './message-book.ts';
import type { CallServer, MessagingConnection } from './messaging-connection.ts';
import type { MessagingEvent } from './messaging-event.ts';
import { OutboxSender } from './outbox-sender.ts';
import { Outbox } from './outbox.ts';
import { OwnAccount, loggedOut, noAccount } from './own-account.ts';
import { Receipts, type ReceiptPolicy } from './receipts.ts';
import { Sync } from './sync.ts';
import { tables, type AccountRow, type ChoreRow } from './tables.ts';
import { Typing } from './typing.ts';
import { Upkeep } from './upkeep.ts';
import { Users } from './users.ts';
import { WaitingItems } from './waiting-items.ts';

/** What a messaging client works with. */
export interface MessagingOptions {
  readonly connection: MessagingConnection;
  readonly storage: Storage;
  readonly locks: Locks;
  readonly crypto: Crypto;
  readonly mls: MlsCrypto;
  readonly random: Random;
  /** Unix time, ms. */
  readonly now: () => number;
  readonly receipts: ReceiptPolicy;
}

export type MessagingParts = ReturnType<typeof composeParts>;

/** Makes the parts. @param emit takes what is told. */
export function composeParts(options: MessagingOptions, emit: (event: MessagingEvent) => void) {
  const { storage, locks, crypto, random, now } = options;
  const endingCalls = new EndingCalls(options.connection);
  const call = resumingCalls(retryingCalls(endingCalls.call), (code) => standAgain(code));
  const connection = connectionOf(options.connection, call);
  const onTrouble = (error: SealaneError): void => emit({ type: 'trouble', error });
  const journal = new Journal(storage, emit);
  const account = new OwnAccount(journal, crypto);
  const directory = new Directory({ connection, journal, crypto, now });
  let engine: E2eeEngine | undefined;
  let own: AccountRow | undefined;
  const theEngine = (): E2eeEngine => {
    if (engine === undefined) throw new ProtocolError('E_NOT_LISTED', 'this device belongs to no account yet');
    return engine;
  };
  const loadEngine = async (): Promise<void> => {
    own = await account.find();
    if (own?.phase !== 'listed') return;
    const { accountId, username, agentId } = own;
    const { signingSeed } = account.keys(own);
    const device = { accountId, username, agentId, signingSeed };
    engine = new E2eeEngine({
      storage,
      crypto: options.mls,
      device,
      judge: new DirectoryJudge(directory, now),
      now,
      random,
    });
  };
  const username = (): string => own?.username ?? '';
  const book = new MessageBook((tx, event) => journal.tell(tx, event));
  const blobs = new Blobs(call, crypto);
  const waiting = new WaitingItems({ journal, book, now });
  const onGroupLost = (tx: Transaction, group: Uint8Array, error: unknown): Promise<void> =>
    intake.onGroupLost(tx, group, error);
  const chores: Chores = new Chores(
    journal,
    (chore) => orHeal(chore.group, () => doChore(chore), chore.kind === 'heal'),
    async ({ kind, group }, error) => {
      onTrouble(error);
      if (kind === 'heal') await healing.ask(group);
    },
  );
  const stock = new KeyPackageStock({ call, journal, account, engine: theEngine, now });
  const compose = new Compose({ book, directory, crypto, random, now, outbox: () => outbox });
  const receipts = new Receipts({ journal, compose, engine: theEngine, policy: options.receipts, onGroupLost });
  const groups = new Groups({
    ...{ journal, book, account, directory, stock, random, now },
    engine: theEngine,
    outbox: () => outbox,
    announce: (tx, group) => compose.groupName(tx, group),
  });
  const others = async (tx: Transaction, group: Uint8Array): Promise<readonly string[]> => {
    const members = await theEngine().members(tx, group);
    const ids = new Set(members.map(({ accountId }) => toHex(accountId)));
    if (own !== undefined) ids.delete(toHex(own.accountId));
    return [...ids];
  };
  const rules = new ContentRules({
    ...{ journal, book, chores, directory, crypto, waiting, now, username, others },
    receipts: () => receipts,
  });
  const memberNotes = new MemberNotes({ book, directory, crypto, username, engine: theEngine });
  const intake: Intake = new Intake({
    ...{ journal, book, blobs, chores, rules, waiting, directory, memberNotes, now, username, onTrouble },
    engine: theEngine,
    takeLink: (body) => devices.takeLink(body),
  });
  const catchUp = new CatchUp({ call, journal, intake, engine: theEngine });
  const outbox: Outbox = new Outbox({
    ...{ journal, locks, book, random, onTrouble },
    sender: new OutboxSender(call, blobs),
    engine: theEngine,
    catchUp: (group) => catchUp.run(group),
    rebase: (group, intent) => groups.rebase(group, intent),
    async onCommitted(tx, row, intent) {
      await groups.onCommitted(tx, row, intent);
      if (row.isExternal === 1) await healing.onRejoined(tx, row.group);
      await intake.onMoved(tx, row.group);
    },
    onCloned: (tx) => setPhase(tx, 'cloned'),
    onGroupLost,
  });
  const healing: Healing = new Healing({
    ...{ call, journal, book, blobs, directory, own: account, intake, waiting },
    engine: theEngine,
    outbox: () => outbox,
    queueRejoin: (tx, pending) => groups.queueRejoin(tx, pending),
  });
  const accounts = new Accounts({
    ...{ connection, journal, crypto, random, now, own: account, directory },
    async onListed() {
      await loadEngine();
      await stock.refill();
    },
    async onEnded() {
      engine = undefined;
      await loadEngine();
    },
  });
  const devices: Devices = new Devices({
    connection,
    journal,
    crypto,
    random,
    now,
    own: account,
    accounts,
    directory,
    groups,
  });
  const files = new Files({
    ...{ blobs, compose, journal, book, crypto, random, own: account, onTrouble },
    outbox: () => outbox,
  });
  const users = new Users(call, directory, account);
  const typing = new Typing({ call, compose, journal, directory, random, engine: theEngine, username });
  const archive = new Archive({ journal, crypto, random, now, account, directory });
  const monitor: DirectoryMonitor = new DirectoryMonitor({
    ...{ directory, account, now },
    onChecked: (state) => upkeep.refreshed(state, chores),
  });
  const upkeep: Upkeep = new Upkeep({
    journal,
    book,
    stock,
    devices,
    account,
    directory,
    waiting,
    intake,
    monitor,
    now,
  });
  /** After a refusal of who this device is: whether the same call may do better now. */
  const standAgain = async (code: 'E_NOT_LOGGED_IN' | 'E_NOT_LISTED'): Promise<boolean> => {
    const row = await account.find();
    if (row?.phase !== 'listed' || row.isLoggedIn === 0) return false;
    if (code === 'E_NOT_LOGGED_IN') await accounts.resume();
    else await upkeep.refreshed(await directory.refresh(row.username), chores);
    return code === 'E_NOT_LOGGED_IN';
  };
  const doChore = async (chore: ChoreRow): Promise<void> => {
    switch (chore.kind) {
      case 'tend': {
        await groups.tend(chore.group);
        return;
      }
      case 'heal': {
        await healing.heal(chore.group);
        return;
      }
      case 'catch-up': {
        await catchUp.run(chore.group);
        return;
      }
      case 'retry': {
        await intake.retryWaiting(chore.group);
        return;
      }
      case 'remove': {
        await groups.removeIfThere(chore.group, chore.username);
        return;
      }
      case 'refresh': {
        await upkeep.refreshed(await directory.refresh(chore.username), chores);
        return;
      }
      case 'refill': {
        await stock.refill();
        return;
      }
      case 'gossip': {
        await directory.hear(chore.data);
        return;
      }
    }
  };
  /** A group whose rows are damaged is joined again, whatever was to be done in it; joining it fails, and begins anew. */
  const orHeal = async (group: Uint8Array, work: () => Promise<void>, isHealing = false): Promise<void> => {
    try {
      await work();
    } catch (error) {
      if (!isDamage(error) || group.length === 0) throw error;
      await journal.transaction((tx) => onGroupLost(tx, group, error));
      if (isHealing) throw error;
    }
  };
  const sync = new Sync({
    ...{ connection, locks, intake, chores, onTrouble },
    async receipts() {
      if ((await receipts.queue()) > 0) await outbox.flush();
    },
    upkeep: () => upkeep.run(),
    async agentId() {
      const row = await account.find();
      if (row === undefined) throw noAccount();
      if (row.isLoggedIn === 0) throw loggedOut(row);
      return row.agentId;
    },
    onCaughtUp: () => emit({ type: 'caught-up' }),
  });
  return {
    ...{ storage, connection, journal, book, account, directory, chores, compose, receipts, groups, outbox, healing },
    ...{ accounts, devices, users, monitor, typing, files, archive, sync, random, now, loadEngine },
    tend: (group: Uint8Array) => orHeal(group, () => groups.tend(group)),
    engine: theEngine,
    sweep: () => upkeep.sweep(),
    usernameOrUndefined: () => own?.username,
    isConnected: () => options.connection.isConnected,
    endCalls: () => endingCalls.end(),
  };
}

async function setPhase(tx: Transaction, phase: AccountRow['phase']): Promise<void> {
  const row = await tables.account.get(tx, 'self');
  if (row !== undefined) await tables.account.patch(tx, row, { phase });
}

/** A connection whose calls are made again where that helps. */
function connectionOf(connection: MessagingConnection, call: CallServer): MessagingConnection {
  return {
    call,
    get agentId() {
      return connection.agentId;
    },
    get isConnected() {
      return connection.isConnected;
    },
    get serverKey() {
      return connection.serverKey;
    },
    transportKey: connection.transportKey,
    onConnected: (listener) => connection.onConnected(listener),
    onTransient: (listener) => connection.onTransient(listener),
    openQueue: (...queue) => connection.openQueue(...queue),
  };
}
