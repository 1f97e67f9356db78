/**
 * A server of messaging in memory, for tests of the client: it keeps what the protocol says, and can be told to be away, to deliver
 * in reverse, and to lose answers. Not the product's server, which the tests over TCP run.
 */
import { toHex, utf8Decode } from '@sealane/shared/bytes';
import { applyStatement, deviceOf, isLoginSignedBy, listedDevices, type AccountState } from '@sealane/shared/accounts';
import { IdentityKeys } from '@sealane/shared/crypto';
import { nativeCrypto } from '@sealane/shared/crypto-native';
import { ProtocolError, type ErrorCode } from '@sealane/shared/errors';
import { encodeItem, type CallFields, type CallId, type Item } from '@sealane/shared/items';
import {
  appendLeaf,
  consistencyPath,
  encodeInclusion,
  encodeMapProof,
  encodePath,
  encodeTreeHead,
  entryHash,
  inclusionPath,
  mapKey,
  mapProof,
  mapRoot,
  putMapValue,
  runSteps,
  treeRoot,
} from '@sealane/shared/transparency';
import { systemRandom } from '@sealane/node/transport';
import type { CallServer, MessagingConnection, QueueHandler } from '../../src/messaging/messaging-connection.ts';

interface FakeAccount {
  readonly statements: Uint8Array[];
  state: AccountState;
  password: string | null;
}

interface FakeGroup {
  epoch: number;
  sequence: number;
  devices: Set<string>;
  readonly commits: { readonly epoch: number; readonly item: Uint8Array }[];
  groupInfoBlob: Uint8Array | null;
  /** Epoch in which a device joined. */
  readonly joinedAt: Map<string, number>;
}

interface FakeQueue {
  readonly items: Uint8Array[];
  handler: QueueHandler | undefined;
  isBusy: boolean;
}

type Fields = Readonly<Record<string, never>>;

/** A call that the server may lie about. */
export interface TappedCall {
  readonly agentId: string;
  readonly id: CallId;
  readonly fields: object;
  /** Does what an honest server does. @throws ProtocolError where that refuses. */
  readonly honest: () => object;
}

export class FakeServer {
  readonly identity: IdentityKeys;
  readonly accounts = new Map<string, FakeAccount>();
  readonly groups = new Map<string, FakeGroup>();
  readonly queues = new Map<string, FakeQueue>();
  readonly blobs = new Map<string, { readonly size: number; bytes: Uint8Array; stored: number }>();
  readonly #packages = new Map<string, { single: Uint8Array[]; last: Uint8Array | null }>();
  readonly #writes = new Map<
    string,
    { last: number; known: Map<number, { id: string; answer: object }>; isCloned: boolean }
  >();
  readonly #sessions = new Map<string, string>();
  readonly #challenges = new Map<string, Uint8Array>();
  readonly #links = new Map<string, string>();
  readonly #transients = new Map<
    string,
    Set<(packet: { group: Uint8Array; epoch: number; body: Uint8Array }) => void>
  >();
  readonly #log = new Map<string, Uint8Array>();
  readonly #map = new Map<string, Uint8Array>();
  #treeSize = 0;
  /** Told every call; may throw to refuse it, before or after it was done. */
  onCall: ((agentId: string, id: number, when: 'before' | 'after') => void) | undefined;
  /** What is answered instead of the honest answer, which it may look at or never ask for. */
  lie: ((call: TappedCall) => object) | undefined;
  /** While set, items wait here instead of being delivered. */
  isHolding = false;
  readonly sealedSeen: Uint8Array[] = [];

  /** @param identity that of another one, which it claims to be. */
  constructor(identity = new IdentityKeys(nativeCrypto, systemRandom(32))) {
    this.identity = identity;
  }

  /** A connection of an agent. */
  connection(agentId: string, transportKey: Uint8Array): MessagingConnection & { isConnected: boolean } {
    const listeners = new Set<() => void>();
    const call = (async (id: CallId, fields: Fields) => {
      if (!connection.isConnected) throw new ProtocolError('E_CLOSED', 'offline');
      await Promise.resolve();
      this.onCall?.(agentId, id, 'before');
      const honest = (): object => this.#answer(agentId, transportKey, id, fields);
      const answer = this.lie === undefined ? honest() : this.lie({ agentId, id, fields, honest });
      this.onCall?.(agentId, id, 'after');
      return { id: 0, call: 0, ...answer };
    }) as unknown as CallServer;
    const connection = {
      call,
      agentId,
      isConnected: true,
      transportKey,
      serverKey: this.identity.static.publicKey,
      onConnected: (listener: () => void) => {
        listeners.add(listener);
        return () => void listeners.delete(listener);
      },
      onTransient: (listener: (packet: { group: Uint8Array; epoch: number; body: Uint8Array }) => void) => {
        const all = this.#transients.get(agentId) ?? new Set();
        this.#transients.set(agentId, all.add(listener));
        return () => void all.delete(listener);
      },
      openQueue: (id: string, handler: QueueHandler) => this.#openQueue(id, handler),
    };
    return connection;
  }

  queue(agentId: string): FakeQueue {
    const queue = this.queues.get(agentId) ?? { items: [], handler: undefined, isBusy: false };
    this.queues.set(agentId, queue);
    return queue;
  }

  /** Delivers what was held, in reverse where it is wanted. */
  release(agentId: string, { isReversed = false } = {}): void {
    this.isHolding = false;
    const queue = this.queue(agentId);
    if (isReversed) queue.items.reverse();
    void this.#pump(queue);
  }

  /** The honest answer to what a device might have asked. @throws ProtocolError. */
  answerAs(agentId: string, id: CallId, fields: object): object {
    return this.#answer(agentId, new Uint8Array(32), id, fields as Fields);
  }

  /** Lists statements as the newest of an account, whoever signed them, with proofs that fit. */
  claimStatements(username: string, state: AccountState, statements: readonly Uint8Array[]): void {
    const password = this.accounts.get(username)?.password ?? null;
    this.accounts.set(username, { state, statements: [...statements], password });
    this.#note(state);
  }

  /** Ids of the links that are open, in hexadecimal. */
  links(): readonly string[] {
    return [...this.#links.keys()];
  }

  /** Puts an item into the queues of devices, whoever made it. */
  deliver(agentIds: Iterable<string>, item: Item): void {
    this.#send(agentIds, item);
  }

  #openQueue(agentId: string, handler: QueueHandler) {
    const queue = this.queue(agentId);
    queue.handler = handler;
    const waiting = queue.items.length;
    void this.#pump(queue);
    const ended = Promise.withResolvers<undefined>();
    return {
      ready: Promise.resolve({ waiting }),
      whenEnded: ended.promise,
      drain: async () => {
        queue.handler = undefined;
        while (queue.isBusy) await new Promise((resolve) => setTimeout(resolve, 2));
        ended.resolve(undefined);
      },
    };
  }

  async #pump(queue: FakeQueue): Promise<void> {
    if (queue.isBusy) return;
    queue.isBusy = true;
    while (!this.isHolding && queue.handler !== undefined) {
      const [item] = queue.items;
      if (item === undefined) break;
      try {
        await queue.handler(item);
        queue.items.splice(queue.items.indexOf(item), 1);
      } catch {
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
    }
    queue.isBusy = false;
  }

  #send(agentIds: Iterable<string>, item: Item): void {
    for (const agentId of agentIds) {
      const queue = this.queue(agentId);
      queue.items.push(encodeItem(item));
      void this.#pump(queue);
    }
  }

  #answer(agentId: string, transportKey: Uint8Array, id: CallId, fields: Fields): object {
    const at = <Id extends CallId>(_: Id): CallFields<Id> => fields as unknown as CallFields<Id>;
    switch (id) {
      case 0x40:
        return this.#register(agentId, at(0x40));
      case 0x41:
        return this.#login(agentId, transportKey, at(0x41));
      case 0x43:
        this.#sessions.delete(agentId);
        return stored();
      case 0x44:
        return this.#change(agentId, at(0x44));
      case 0x45:
        return this.#append(agentId, at(0x45).statement);
      case 0x46:
        return this.#directory(at(0x46));
      case 0x48:
        return { usernames: [], hasMore: false };
      case 0x4a:
        return this.#publish(agentId, at(0x4a));
      case 0x4b:
        return this.#claim(at(0x4b));
      case 0x4d:
        return this.#commit(agentId, at(0x4d));
      case 0x4e:
        return this.#message(agentId, at(0x4e));
      case 0x50:
        return this.#query(at(0x50));
      case 0x52:
        return this.#blobOpen(at(0x52));
      case 0x53:
        return this.#blobWrite(at(0x53));
      case 0x54: {
        const { blob, position, length } = at(0x54);
        const found = this.blobs.get(toHex(blob));
        if (found === undefined || found.stored < found.size) return refuse('E_BLOB_NOT_FOUND');
        return { size: found.size, position, bytes: found.bytes.slice(position, position + length) };
      }
      case 0x56:
        return stored();
      case 0x57:
        this.#links.set(toHex(at(0x57).link), agentId);
        return stored();
      case 0x58: {
        const { link, body } = at(0x58);
        const target = this.#links.get(toHex(link));
        if (target === undefined) return refuse('E_NO_LINK');
        this.#links.delete(toHex(link));
        this.#send([target], { kind: 'link', at: Date.now(), link: link.slice(), body: body.slice() });
        return stored();
      }
      case 0x59:
        return { head: this.#head(), consistency: this.#consistency(at(0x59).treeSize) };
    }
  }

  #register(agentId: string, { username, password, statements }: CallFields<0x40>): object {
    const known = this.accounts.get(username);
    if (known !== undefined) {
      const isSame = toHex(known.statements[0] ?? new Uint8Array(0)) === toHex(statements[0] ?? new Uint8Array(0));
      if (!isSame) return refuse('E_USERNAME_TAKEN');
    } else {
      let state: AccountState | undefined;
      for (const bytes of statements) {
        const result = applyStatement(nativeCrypto, state, bytes);
        if (!result.ok) return refuse('E_BAD_STATEMENT');
        state = result.state;
      }
      if (state === undefined) return refuse('E_BAD_STATEMENT');
      this.accounts.set(username, { statements: statements.map((bytes) => bytes.slice()), state, password });
      this.#note(state);
    }
    this.#sessions.set(agentId, username);
    return session(true);
  }

  #login(agentId: string, _key: Uint8Array, { username, password, challenge, signature }: CallFields<0x41>): object {
    const account = this.accounts.get(username);
    if (password !== null) {
      if (account === undefined || account.password !== password) return refuse('E_LOGIN_FAILED');
      this.#sessions.set(agentId, username);
      return session(
        deviceOf(account.state, agentId)?.revoked === undefined && deviceOf(account.state, agentId) !== undefined,
      );
    }
    if (challenge === null || signature === null) {
      const fresh = systemRandom(32);
      this.#challenges.set(agentId, fresh);
      return { ...session(false), challenge: fresh, accessToken: null, refreshToken: null, expiresAt: 0 };
    }
    const device = account === undefined ? undefined : deviceOf(account.state, agentId);
    const serverKey = this.identity.static.publicKey;
    const isSigned =
      device !== undefined &&
      device.revoked === undefined &&
      isLoginSignedBy(nativeCrypto, { serverKey, challenge, username }, { signature, signingKey: device.signingKey });
    if (!isSigned) return refuse('E_LOGIN_FAILED');
    this.#sessions.set(agentId, username);
    return session(true);
  }

  #change(agentId: string, { password, newPassword, endsAccount }: CallFields<0x44>): object {
    const account = this.#own(agentId);
    if (account.password !== password) return refuse('E_LOGIN_FAILED');
    if (newPassword !== null) account.password = newPassword;
    if (endsAccount) this.accounts.delete(account.state.username);
    return stored();
  }

  #append(agentId: string, statement: Uint8Array): object {
    const account = this.#own(agentId);
    const last = account.statements.at(-1);
    if (last !== undefined && toHex(last) === toHex(statement)) return stored();
    const result = applyStatement(nativeCrypto, account.state, statement);
    if (!result.ok) {
      const isConflict = result.fault.code === 'wrong-index' || result.fault.code === 'wrong-previous';
      return refuse(isConflict ? 'E_STATEMENT_CONFLICT' : 'E_BAD_STATEMENT');
    }
    account.statements.push(statement.slice());
    account.state = result.state;
    this.#note(result.state);
    const around = new Set(listedDevices(result.state).map((device) => device.agentId));
    for (const group of this.groups.values()) {
      if ([...group.devices].some((id) => deviceOf(result.state, id) !== undefined))
        for (const id of group.devices) around.add(id);
    }
    for (const device of result.state.devices) {
      if (device.revoked === undefined) continue;
      around.delete(device.agentId);
      for (const group of this.groups.values()) group.devices.delete(device.agentId);
      this.queues.delete(device.agentId);
    }
    const { username, count } = result.state;
    this.#send(around, { kind: 'account', at: Date.now(), username, statementCount: count });
    return stored();
  }

  #directory({ username, fromIndex, treeSize }: CallFields<0x46>): object {
    const account = this.accounts.get(username);
    if (account === undefined) return refuse('E_NO_ACCOUNT');
    const { state, statements } = account;
    const index = this.#indexes.get(`${username} ${state.count}`) ?? 0;
    const path = runSteps(inclusionPath(nativeCrypto, index, this.#treeSize), this.#readLog);
    const key = mapKey(nativeCrypto, username);
    return {
      statements: statements.slice(fromIndex),
      statementCount: state.count,
      head: this.#head(),
      consistency: this.#consistency(treeSize),
      inclusion: encodeInclusion({ index, path }),
      latest: encodeMapProof(runSteps(mapProof(key), this.#readMap), key),
      presence: 0,
      lastSeenAt: 0,
    };
  }

  readonly #indexes = new Map<string, number>();
  readonly #readLog = (address: string): Uint8Array | undefined => this.#log.get(address);
  readonly #readMap = (address: string): Uint8Array | undefined => this.#map.get(address);

  #note({ accountId, username, count, hash }: AccountState): void {
    const leaf = entryHash(nativeCrypto, { accountId, username, count, statementHash: hash });
    for (const { address, node } of runSteps(appendLeaf(nativeCrypto, this.#treeSize, leaf), this.#readLog)) {
      this.#log.set(address, node);
    }
    this.#indexes.set(`${username} ${count}`, this.#treeSize);
    this.#treeSize++;
    const value = { count, entryHash: leaf };
    const { writes } = runSteps(putMapValue(nativeCrypto, mapKey(nativeCrypto, username), value), this.#readMap);
    for (const { address, node } of writes) this.#map.set(address, node);
  }

  #head(): Uint8Array {
    const root = runSteps(treeRoot(nativeCrypto, this.#treeSize), this.#readLog);
    const roots = { root, mapRoot: runSteps(mapRoot(nativeCrypto), this.#readMap) };
    return encodeTreeHead({ treeSize: this.#treeSize, ...roots, at: Math.floor(Date.now() / 1_000) }, this.identity);
  }

  #consistency(treeSize: number): Uint8Array {
    if (treeSize === 0) return new Uint8Array(0);
    return encodePath(runSteps(consistencyPath(nativeCrypto, treeSize, this.#treeSize), this.#readLog));
  }

  #publish(agentId: string, { keyPackages, lastResort }: CallFields<0x4a>): object {
    this.#own(agentId);
    const stock = this.#packages.get(agentId) ?? { single: [], last: null };
    this.#packages.set(agentId, stock);
    stock.single.push(...keyPackages.map((bytes) => bytes.slice()));
    if (lastResort !== null) stock.last = lastResort.slice();
    return { keyPackages: [], waiting: stock.single.length };
  }

  #claim({ username, devices }: CallFields<0x4b>): object {
    const account = this.accounts.get(username);
    if (account === undefined) return refuse('E_NO_ACCOUNT');
    const wanted = new Set(devices.map((bytes) => utf8Decode(bytes)));
    const keyPackages: Uint8Array[] = [];
    for (const { agentId } of listedDevices(account.state)) {
      if (wanted.size > 0 && !wanted.has(agentId)) continue;
      const stock = this.#packages.get(agentId);
      const taken = stock?.single.shift() ?? stock?.last ?? undefined;
      if (taken !== undefined) keyPackages.push(taken);
    }
    return keyPackages.length === 0 ? refuse('E_NO_KEY_PACKAGE') : { keyPackages, waiting: 0 };
  }

  #write(agentId: string, write: number, messageId: Uint8Array, judge: () => object): object {
    const row = this.#writes.get(agentId) ?? {
      last: 0,
      known: new Map<number, { id: string; answer: object }>(),
      isCloned: false,
    };
    this.#writes.set(agentId, row);
    if (row.isCloned) return refuse('E_DEVICE_CLONED');
    if (write > row.last + 1) return refuse('E_BAD_REQUEST');
    if (write <= row.last) {
      const known = row.known.get(write);
      if (known?.id === toHex(messageId)) return known.answer;
      row.isCloned = true;
      return refuse('E_DEVICE_CLONED');
    }
    const answer = judge();
    row.last = write;
    row.known.set(write, { id: toHex(messageId), answer });
    return answer;
  }

  #commit(agentId: string, ask: CallFields<0x4d>): object {
    this.#own(agentId);
    return this.#write(agentId, ask.write, ask.messageId, () => {
      const name = toHex(ask.group);
      const known = this.groups.get(name);
      if (known === undefined && ask.epoch !== 0) return refuse('E_NO_GROUP');
      const group = known ?? {
        epoch: 0,
        sequence: 0,
        devices: new Set([agentId]),
        commits: [],
        groupInfoBlob: null,
        joinedAt: new Map<string, number>(),
      };
      if (ask.isExternal ? !this.#hasAccount(group, agentId) : !group.devices.has(agentId)) return refuse('E_NO_GROUP');
      if (ask.epoch !== group.epoch) return refuse('E_STALE_EPOCH');
      this.groups.set(name, group);
      const added = ask.added.map((bytes) => utf8Decode(bytes) ?? '');
      const removed = ask.removed.map((bytes) => utf8Decode(bytes) ?? '');
      group.epoch++;
      group.sequence++;
      const content = (bytes: Uint8Array, blob: Uint8Array | null) =>
        blob === null ? { body: bytes.slice() } : { blob: blob.slice() };
      const place = {
        at: Date.now(),
        group: ask.group.slice(),
        messageId: ask.messageId.slice(),
        sequence: group.sequence,
      };
      const commit: Item = { kind: 'commit', epoch: ask.epoch, ...place, ...content(ask.commit, ask.commitBlob) };
      group.commits.push({ epoch: ask.epoch, item: encodeItem(commit) });
      this.#send(
        [...group.devices].filter((id) => id !== agentId),
        commit,
      );
      for (const id of removed) if (id !== agentId) group.devices.delete(id);
      this.#send(removed, { kind: 'removed', epoch: group.epoch, ...place });
      for (const id of [...added, agentId]) {
        if (!group.devices.has(id)) group.joinedAt.set(id, group.epoch);
        group.devices.add(id);
      }
      if (added.length > 0) {
        this.#send(added, { kind: 'welcome', epoch: group.epoch, ...place, ...content(ask.welcome, ask.welcomeBlob) });
      }
      if (ask.groupInfoBlob !== null) group.groupInfoBlob = ask.groupInfoBlob.slice();
      return stored(group.sequence, group.epoch);
    });
  }

  #hasAccount(group: FakeGroup, agentId: string): boolean {
    const { state } = this.#own(agentId);
    return state.devices.some((device) => group.devices.has(device.agentId));
  }

  #message(agentId: string, ask: CallFields<0x4e>): object {
    this.#own(agentId);
    const group = this.groups.get(toHex(ask.group));
    const judge = (): object => {
      if (group === undefined || !group.devices.has(agentId)) return refuse('E_NO_GROUP');
      if (ask.epoch > group.epoch || ask.epoch < group.epoch - 4) return refuse('E_STALE_EPOCH');
      const others = [...group.devices].filter((id) => id !== agentId && (group.joinedAt.get(id) ?? 0) <= ask.epoch);
      this.sealedSeen.push(ask.body.slice());
      if (ask.isTransient) {
        for (const id of others) {
          for (const tell of this.#transients.get(id) ?? [])
            tell({ group: ask.group, epoch: ask.epoch, body: ask.body.slice() });
        }
        return stored();
      }
      group.sequence++;
      const place = {
        at: Date.now(),
        group: ask.group.slice(),
        messageId: ask.messageId.slice(),
        sequence: group.sequence,
      };
      this.#send(others, { kind: 'message', epoch: ask.epoch, ...place, body: ask.body.slice() });
      return stored(group.sequence, group.epoch);
    };
    return ask.isTransient ? judge() : this.#write(agentId, ask.write, ask.messageId, judge);
  }

  #query({ group: id, fromEpoch }: CallFields<0x50>): object {
    const group = this.groups.get(toHex(id));
    if (group === undefined) return refuse('E_NO_GROUP');
    const commits = group.commits.filter(({ epoch }) => epoch >= fromEpoch).map(({ item }) => item);
    return { epoch: group.epoch, commits: commits.slice(0, 64), groupInfoBlob: group.groupInfoBlob, devices: [] };
  }

  #blobOpen({ blob, size }: CallFields<0x52>): object {
    const known = this.blobs.get(toHex(blob)) ?? { size, bytes: new Uint8Array(size), stored: 0 };
    this.blobs.set(toHex(blob), known);
    return { size, position: known.stored, bytes: new Uint8Array(0) };
  }

  #blobWrite({ blob, position, bytes }: CallFields<0x53>): object {
    const known = this.blobs.get(toHex(blob));
    if (known === undefined) return refuse('E_BLOB_NOT_FOUND');
    if (position !== known.stored) return refuse('E_BLOB_OFFSET');
    known.bytes.set(bytes, position);
    known.stored += bytes.length;
    return { size: known.size, position: known.stored, bytes: new Uint8Array(0) };
  }

  #own(agentId: string): FakeAccount {
    const account = this.accounts.get(this.#sessions.get(agentId) ?? '');
    if (account === undefined) throw new ProtocolError('E_NOT_LOGGED_IN');
    return account;
  }
}

function stored(sequence = 0, epoch = 0): object {
  return { sequence, epoch, at: Date.now() };
}

function session(isListed: boolean): object {
  return { challenge: null, accessToken: 'access', refreshToken: 'refresh', expiresAt: Date.now() + 600_000, isListed };
}

function refuse(code: ErrorCode): never {
  throw new ProtocolError(code);
}
