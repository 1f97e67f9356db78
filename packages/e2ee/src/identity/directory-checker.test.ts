import { describe, expect, it } from '@jest/globals';
import { nextStatement, verifyAccountLog, type AccountState, type StatementContent } from '@sealane/shared/accounts';
import { IdentityKeys } from '@sealane/shared/crypto';
import { nativeCrypto as crypto } from '@sealane/shared/crypto-native';
import { seededRandom } from '@sealane/shared/testing';
import {
  appendLeaf,
  consistencyPath,
  decodeTreeHead,
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
  type NodeWrite,
  type Steps,
} from '@sealane/shared/transparency';
import { DeviceKeys, RecoveryKey } from '../keys/index.ts';
import { DirectoryChecker, isSigningKeyOf, type EntryAnswer, type HeadAnswer } from './directory-checker.ts';
import { HeadGossip } from './head-gossip.ts';
import { listDevice, makeAccount, revokeDevice } from './make-statements.ts';
import { strangeStatements } from './own-entry.ts';

const serverKeys = new IdentityKeys(crypto, new Uint8Array(32).fill(1));
const at = 1_700_000_000;
const LIE: unknown = expect.objectContaining({ code: 'E_DIRECTORY_LIE' });

/** A directory as a server keeps it; a copy of one is what a server shows to somebody else. */
class Directory {
  readonly log = new Map<string, Uint8Array>();
  readonly map = new Map<string, Uint8Array>();
  readonly accounts = new Map<string, { statements: Uint8Array[]; state: AccountState; index: number }>();
  size = 0;

  copy(): Directory {
    const copy = new Directory();
    for (const [address, node] of this.log) copy.log.set(address, node);
    for (const [address, node] of this.map) copy.map.set(address, node);
    for (const [name, { statements, state, index }] of this.accounts) {
      copy.accounts.set(name, { statements: [...statements], state, index });
    }
    copy.size = this.size;
    return copy;
  }

  append(...statements: Uint8Array[]): this {
    for (const bytes of statements) {
      const known = [...this.accounts.values()].find(({ state }) => {
        return verifyAccountLog(crypto, [bytes], { after: state }).ok;
      });
      const result = verifyAccountLog(crypto, [bytes], known === undefined ? {} : { after: known.state });
      if (!result.ok) throw new Error(result.fault.code);
      const { state } = result;
      const record = { accountId: state.accountId, username: state.username, count: state.count };
      const leaf = entryHash(crypto, { ...record, statementHash: state.hash });
      store(
        this.log,
        runSteps(appendLeaf(crypto, this.size, leaf), (address) => this.log.get(address)),
      );
      const value = { count: state.count, entryHash: leaf };
      store(this.map, this.#onMap(putMapValue(crypto, mapKey(crypto, state.username), value)).writes);
      const all = [...(known?.statements ?? []), bytes];
      this.accounts.set(state.username, { statements: all, state, index: this.size });
      this.size++;
    }
    return this;
  }

  head(treeSize = 0): HeadAnswer {
    const root = this.#onLog(treeRoot(crypto, this.size));
    const head = { treeSize: this.size, root, mapRoot: this.#onMap(mapRoot(crypto)), at };
    const consistency = encodePath(this.#onLog(consistencyPath(crypto, treeSize, this.size)));
    return { head: encodeTreeHead(head, serverKeys), consistency };
  }

  entry(username: string, fromIndex: number, treeSize: number): EntryAnswer {
    const account = this.accounts.get(username)!;
    const key = mapKey(crypto, username);
    const path = this.#onLog(inclusionPath(crypto, account.index, this.size));
    return {
      ...this.head(treeSize),
      statements: account.statements.slice(fromIndex),
      statementCount: account.state.count,
      inclusion: encodeInclusion({ index: account.index, path }),
      latest: encodeMapProof(this.#onMap(mapProof(key)), key),
    };
  }

  #onLog<T>(steps: Steps<T>): T {
    return runSteps(steps, (address) => this.log.get(address));
  }

  #onMap<T>(steps: Steps<T>): T {
    return runSteps(steps, (address) => this.map.get(address));
  }
}

function store(nodes: Map<string, Uint8Array>, writes: readonly NodeWrite[]): void {
  for (const { address, node } of writes) nodes.set(address, node);
}

/** A person with one device, and the statements that make the account. */
function person(username: string, seed: number) {
  const random = seededRandom(seed);
  const keys = DeviceKeys.generate(crypto, random);
  const recovery = RecoveryKey.generate(crypto, random);
  const device = { agentId: `${username}-phone`, transportKey: random(32), name: 'Phone' };
  const account = { username, recoveryKey: recovery.signingPublicKey, device };
  const made = makeAccount(crypto, account, { signer: keys, at });
  return { username, keys, recovery, random, ...made };
}

const profile = (displayName: string): StatementContent => ({ kind: 'profile', displayName });
const newChecker = (lastHead?: Uint8Array): DirectoryChecker => {
  const options = { crypto, serverSigningKey: serverKeys.signingPublicKey };
  return new DirectoryChecker(lastHead === undefined ? options : { ...options, lastHead });
};

const alice = person('alice', 1);
const bob = person('bobby', 2);
const started = (): Directory => new Directory().append(...alice.statements, ...bob.statements);

describe('what a directory may do', () => {
  it('C: an account is proved, then grows, and every answer continues the last', () => {
    const directory = started();
    const checker = newChecker();
    const first = checker.takeEntry('bobby', undefined, directory.entry('bobby', 0, checker.treeSize));
    expect(first).toMatchObject({ isComplete: true, state: { username: 'bobby', count: 2 }, warnings: [] });
    expect(checker.treeSize).toBe(4);
    directory.append(nextStatement(bob.state, { content: profile('Bob'), at }, bob.keys));
    const second = checker.takeEntry('bobby', first.state, directory.entry('bobby', 2, checker.treeSize));
    expect(second).toMatchObject({ isComplete: true, state: { displayName: 'Bob', count: 3 } });
    const again = checker.takeEntry('bobby', second.state, directory.entry('bobby', 3, checker.treeSize));
    expect(again.state).toBe(second.state);
    expect(newChecker(checker.lastHead).treeSize).toBe(5);
  });

  it('C: a long log comes in parts, and counts as newest with the last', () => {
    const directory = started();
    const checker = newChecker();
    const whole = directory.entry('bobby', 0, 0);
    const part = { ...whole, statements: whole.statements.slice(0, 1) };
    const first = checker.takeEntry('bobby', undefined, part);
    expect(first).toMatchObject({ isComplete: false, state: { count: 1 } });
    const second = checker.takeEntry('bobby', first.state, directory.entry('bobby', 1, checker.treeSize));
    expect(second).toMatchObject({ isComplete: true, state: { count: 2 } });
  });

  it('C: the signing key of the pinned server is known by conversion', () => {
    expect(isSigningKeyOf(serverKeys.signingPublicKey, serverKeys.static.publicKey)).toBe(true);
    expect(isSigningKeyOf(alice.keys.signingPublicKey, serverKeys.static.publicKey)).toBe(false);
    expect(isSigningKeyOf(new Uint8Array(32).fill(0xff), serverKeys.static.publicKey)).toBe(false);
    expect(() => newChecker(new Uint8Array(145))).toThrow(RangeError);
  });

  it('C7: goes on after the server changed its key, and a rollback is still one', () => {
    const checker = newChecker();
    const old = started();
    checker.takeHead(
      old
        .copy()
        .append(...person('carol', 3).statements)
        .head(0),
    );
    const nextKeys = new IdentityKeys(crypto, new Uint8Array(32).fill(2));
    const resign = ({ head, consistency }: HeadAnswer): HeadAnswer => {
      return { head: encodeTreeHead(decodeTreeHead(head)!, nextKeys), consistency };
    };
    const serverSigningKey = nextKeys.signingPublicKey;
    const next = new DirectoryChecker({ crypto, serverSigningKey, lastHead: checker.lastHead! });
    expect(next.treeSize).toBe(6);
    expect(() => next.takeHead(resign(old.head(0)))).toThrow(LIE);
    expect(() => next.takeHead(old.head(0))).toThrow(LIE);
    const grown = old.append(...person('carol', 3).statements, ...person('david', 4).statements);
    expect(next.takeHead(resign(grown.head(6))).treeSize).toBe(8);
  });
});

describe('what a lying directory is caught at', () => {
  const grown = (): Directory => {
    return started().append(nextStatement(bob.state, { content: profile('Bob'), at }, bob.keys));
  };

  /** A checker that saw bobby with three statements. */
  const seen = () => {
    const directory = grown();
    const checker = newChecker();
    const { state } = checker.takeEntry('bobby', undefined, directory.entry('bobby', 0, 0));
    return { directory, checker, state };
  };

  it.each<[string, (answer: EntryAnswer) => Partial<EntryAnswer>]>([
    ['a head that somebody else signed', ({ head }) => ({ head: head.with(100, head[100]! ^ 1) })],
    ['no inclusion', () => ({ inclusion: new Uint8Array() })],
    ['inclusion of another entry', () => ({ inclusion: started().entry('alice', 0, 0).inclusion })],
    ['no map', () => ({ latest: new Uint8Array() })],
    ['the map at another name', () => ({ latest: grown().entry('alice', 0, 0).latest })],
    ['more statements than it says', () => ({ statementCount: 2 })],
    ['statements held back', () => ({ statements: [], statementCount: 3 })],
    ['an older state as the newest', ({ statements }) => ({ statements: statements.slice(0, 2), statementCount: 2 })],
    ['a forged statement', ({ statements }) => ({ statements: [statements[0]!, statements[1]!.with(60, 9)] })],
    ['another account', () => ({ statements: [...alice.statements], statementCount: 2 })],
  ])('C: %s', (_, change) => {
    const checker = newChecker();
    const answer = grown().entry('bobby', 0, 0);
    expect(() => checker.takeEntry('bobby', undefined, { ...answer, ...change(answer) })).toThrow(LIE);
    // A refused answer leaves nothing behind.
    expect(checker.treeSize).toBe(0);
    expect(checker.takeEntry('bobby', undefined, answer).isComplete).toBe(true);
  });

  it('C: a rollback: a smaller log, and an account with fewer statements in a larger one', () => {
    const { checker, state } = seen();
    const old = started();
    expect(() => checker.takeHead(old.head())).toThrow(LIE);
    expect(() => checker.takeEntry('bobby', state, { ...old.entry('bobby', 0, 0), statements: [] })).toThrow(LIE);
    const { directory } = seen();
    const carol = person('carol', 3);
    const answer = directory.append(...carol.statements).entry('bobby', 3, checker.treeSize);
    expect(() => checker.takeEntry('bobby', state, { ...answer, statementCount: 2 })).toThrow(LIE);
    expect(checker.takeEntry('bobby', state, answer).isComplete).toBe(true);
  });

  it('C: the map names an older entry as the newest', () => {
    const directory = started();
    const before = directory.copy();
    directory.append(nextStatement(bob.state, { content: profile('Bob'), at }, bob.keys));
    for (const [address, node] of before.map) directory.map.set(address, node);
    const answer = directory.entry('bobby', 0, 0);
    expect(() => newChecker().takeEntry('bobby', undefined, answer)).toThrow(LIE);
  });

  it('C: a rewritten log of the same or a larger size', () => {
    const { checker } = seen();
    const other = started().append(nextStatement(bob.state, { content: profile('Rob'), at }, bob.keys));
    expect(() => checker.takeHead(other.head(5))).toThrow(LIE);
    other.append(nextStatement(alice.state, { content: profile('A'), at }, alice.keys));
    expect(() => checker.takeHead(other.head(5))).toThrow(LIE);
  });

  it('C: two maps of one log', () => {
    const { directory, checker } = seen();
    const head = decodeTreeHead(directory.head().head)!;
    const other = encodeTreeHead({ ...head, mapRoot: new Uint8Array(32) }, serverKeys);
    expect(() => checker.takeHead({ head: other, consistency: new Uint8Array() })).toThrow(LIE);
  });

  it('C: an account that begins anew under the same name', () => {
    const { checker, state } = seen();
    const impostor = person('bobby', 9);
    const other = new Directory().append(...alice.statements, ...impostor.statements);
    const answer = { ...other.entry('bobby', 0, 0), ...grown().head(checker.treeSize) };
    expect(() => checker.takeEntry('bobby', state, { ...answer, statementCount: 5 })).toThrow(LIE);
  });
});

describe('gossip of heads', () => {
  it('C: heads of one log settle, whoever is ahead', () => {
    const directory = started();
    const [behind, ahead] = [newChecker(), newChecker()];
    behind.takeHead(directory.head(0));
    directory.append(nextStatement(bob.state, { content: profile('Bob'), at }, bob.keys));
    ahead.takeHead(directory.head(0));
    const [gossipBehind, gossipAhead] = [new HeadGossip(crypto, behind), new HeadGossip(crypto, ahead)];
    expect(gossipAhead.hear(ahead.lastHead!)).toBe('same');
    expect(gossipAhead.hear(behind.lastHead!)).toBe('to-be-proved');
    expect(gossipAhead.hear(behind.lastHead!)).toBe('to-be-proved');
    expect(gossipAhead.takeAnswer(directory.head(gossipAhead.nextQuery()))).toBe(true);
    expect(gossipAhead.nextQuery()).toBeUndefined();
    expect(gossipBehind.hear(ahead.lastHead!)).toBe('to-be-proved');
    expect(gossipBehind.takeAnswer(directory.head(gossipBehind.nextQuery()))).toBe(false);
    behind.takeHead(directory.head(behind.treeSize));
    expect(gossipBehind.nextQuery()).toBeUndefined();
  });

  it('C: a split view is found by the first message between its sides', () => {
    const forAlice = started();
    const forBob = forAlice.copy();
    forAlice.append(nextStatement(bob.state, { content: profile('Mallory'), at }, bob.keys));
    forBob.append(nextStatement(bob.state, { content: profile('Bob'), at }, bob.keys));
    const [a, b] = [newChecker(), newChecker()];
    a.takeHead(forAlice.head(0));
    b.takeHead(forBob.head(0));
    expect(() => new HeadGossip(crypto, a).hear(b.lastHead!)).toThrow(LIE);
    expect(() => new HeadGossip(crypto, b).hear(a.lastHead!)).toThrow(LIE);
  });

  it('C: a split view of other sizes cannot be proved away', () => {
    const forAlice = started();
    const forBob = forAlice.copy();
    forAlice.append(nextStatement(bob.state, { content: profile('Mallory'), at }, bob.keys));
    forBob.append(nextStatement(bob.state, { content: profile('Bob'), at }, bob.keys));
    const a = newChecker();
    a.takeHead(forAlice.head(0));
    const heard = forBob.append(nextStatement(alice.state, { content: profile('A'), at }, alice.keys)).head();
    const gossip = new HeadGossip(crypto, a);
    expect(gossip.hear(heard.head)).toBe('to-be-proved');
    const asked = gossip.nextQuery();
    // Alice's log does not continue Bob's head, and Bob's log is not the one that Alice's goes on as.
    forAlice.append(nextStatement(alice.state, { content: profile('A'), at }, alice.keys));
    expect(() => gossip.takeAnswer(forAlice.head(asked))).toThrow(LIE);
    expect(gossip.takeAnswer(forBob.head(asked))).toBe(false);
    a.takeHead(forAlice.head(a.treeSize));
    expect(() => gossip.nextQuery()).toThrow(LIE);
  });

  it('C: an old head cannot be passed off as the newest', () => {
    const directory = started();
    const old = directory.head();
    const checker = newChecker();
    checker.takeHead(directory.append(nextStatement(bob.state, { content: profile('B'), at }, bob.keys)).head(0));
    const gossip = new HeadGossip(crypto, checker);
    gossip.hear(old.head);
    expect(() => gossip.takeAnswer({ ...old, consistency: new Uint8Array() })).toThrow(LIE);
  });

  it('what the server did not sign accuses nobody, and a flood is bounded', () => {
    const directory = started();
    const checker = newChecker();
    checker.takeHead(directory.head(0));
    const gossip = new HeadGossip(crypto, checker);
    const head = decodeTreeHead(directory.head().head)!;
    expect(gossip.hear(encodeTreeHead({ ...head, root: new Uint8Array(32) }, alice.keys))).toBe('unsigned');
    expect(gossip.hear(new Uint8Array(3))).toBe('unsigned');
    const heard = Array.from({ length: 20 }, (_, size) =>
      gossip.hear(encodeTreeHead({ ...head, treeSize: size + 50 }, serverKeys)),
    );
    expect(heard.filter((result) => result === 'too-many')).toHaveLength(4);
  });
});

describe('the own entry', () => {
  it('C: shows what others said in our name, and what is serious of it', () => {
    const laptop = DeviceKeys.generate(crypto, alice.random);
    const device = {
      agentId: 'laptop',
      transportKey: alice.random(32),
      signingKey: laptop.signingPublicKey,
      name: 'Laptop',
    };
    const own = listDevice(crypto, alice.state, { device, signer: alice.keys, at });
    const renewed = listDevice(crypto, own.state, { device, signer: laptop, at });
    const revoked = revokeDevice(crypto, renewed.state, { agentId: 'alice-phone', signer: laptop, at });
    const statements = [own.statement, renewed.statement, revoked.statement];
    const isOwn = (hash: Uint8Array): boolean => Buffer.from(hash).equals(own.state.hash);
    const strange = strangeStatements(crypto, { known: alice.state, statements }, isOwn);
    expect(strange).toMatchObject([
      { statement: { index: 3 }, authorAgentId: 'laptop', isSerious: false },
      { statement: { index: 4 }, authorAgentId: 'laptop', isSerious: true },
    ]);
    const reset = { kind: 'reset', recoveryKey: laptop.signingPublicKey.with(0, 9) } as const;
    const byRecovery = [nextStatement(alice.state, { content: reset, at }, alice.recovery)];
    expect(strangeStatements(crypto, { known: alice.state, statements: byRecovery }, () => false)).toMatchObject([
      { authorAgentId: undefined, isSerious: true },
    ]);
  });
});
