/**
 * TransparencyLog: the log of everything that accounts ever said, and its map of what each said last
 * (docs/protocols/messaging.md §11). Entries are appended and proofs are made one after the other, so that a proof and the
 * head beside it are of the same moment.
 */
import type { Crypto, DocumentSigner } from '@sealane/shared/crypto';
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
  runStepsAsync,
  treeRoot,
  type DirectoryRecord,
} from '@sealane/shared/transparency';
import type { ServiceStore } from '../store/service-store.ts';
import type { NodeRow } from '../store/transparency-tables.ts';
import { NodeCache } from './node-cache.ts';

export interface TransparencyLogOptions {
  readonly store: Pick<ServiceStore, 'ask'>;
  readonly crypto: Crypto;
  /** The identity of the server, as it is now. */
  readonly signer: () => DocumentSigner;
  readonly wallClock: () => number;
}

/** A signed head, and what leads to it from one that is known. */
export interface ProvedHead {
  readonly head: Uint8Array;
  /** Empty where nothing is known, or nothing is new. */
  readonly consistency: Uint8Array;
}

/** That an entry is in the log, and is the newest of its account. */
export interface ProvedEntry extends ProvedHead {
  readonly inclusion: Uint8Array;
  readonly latest: Uint8Array;
}

interface SignedHead {
  readonly bytes: Uint8Array;
  readonly treeSize: number;
  readonly signer: DocumentSigner;
}

export class TransparencyLog {
  readonly #options: TransparencyLogOptions;
  readonly #tree: NodeCache;
  readonly #map: NodeCache;
  #size = 0;
  #head: SignedHead | undefined;
  #turn: Promise<unknown> = Promise.resolve();

  constructor(options: TransparencyLogOptions) {
    this.#options = options;
    this.#tree = new NodeCache(options.store, 'tree');
    this.#map = new NodeCache(options.store, 'map');
  }

  /** Entries that it has. */
  get size(): number {
    return this.#size;
  }

  /** @throws StorageError. */
  async start(): Promise<void> {
    this.#size = await this.#options.store.ask('treeSize', undefined);
  }

  /**
   * Appends an entry together with what it stands for.
   *
   * @param write stores nodes and the rest in one step. @returns what it gives; the log has grown where that is `stored`.
   * @throws StorageError.
   */
  append<Outcome extends string>(
    record: DirectoryRecord,
    write: (nodes: NodeRow) => Promise<Outcome>,
  ): Promise<Outcome> {
    return this.#inTurn(async () => {
      const { crypto } = this.#options;
      const leaf = entryHash(crypto, record);
      const tree = await runStepsAsync(appendLeaf(crypto, this.#size, leaf), this.#tree.read);
      const value = { count: record.count, entryHash: leaf };
      const key = mapKey(crypto, record.username);
      const { writes: map } = await runStepsAsync(putMapValue(crypto, key, value), this.#map.read);
      const outcome = await write({ treeSize: this.#size + 1, tree, map });
      if (outcome !== 'stored') return outcome;
      this.#size += 1;
      this.#tree.note(tree);
      this.#map.note(map);
      return outcome;
    });
  }

  /** @param knownSize entries of the head that is known. @throws RangeError for more than there are; StorageError. */
  headSince(knownSize: number): Promise<ProvedHead> {
    return this.#inTurn(() => this.#headSince(knownSize));
  }

  /**
   * @param find gives index and account name of the entry, as they are when it is its turn.
   * @throws RangeError for a known size above what there is; StorageError.
   */
  async entrySince<Found extends { readonly entry: number; readonly username: string }>(
    knownSize: number,
    find: () => Promise<Found | undefined>,
  ): Promise<{ readonly found: Found; readonly proof: ProvedEntry } | undefined> {
    return await this.#inTurn(async () => {
      const found = await find();
      if (found === undefined) return undefined;
      const { crypto } = this.#options;
      const index = found.entry;
      const path = await runStepsAsync(inclusionPath(crypto, index, this.#size), this.#tree.read);
      const key = mapKey(crypto, found.username);
      const latest = encodeMapProof(await runStepsAsync(mapProof(key), this.#map.read), key);
      const head = await this.#headSince(knownSize);
      return { found, proof: { ...head, inclusion: encodeInclusion({ index, path }), latest } };
    });
  }

  async #headSince(knownSize: number): Promise<ProvedHead> {
    if (knownSize > this.#size) throw new RangeError(`"treeSize" expected at most ${this.#size}, got ${knownSize}`);
    const { crypto } = this.#options;
    const isNew = knownSize > 0 && knownSize < this.#size;
    const path = isNew ? await runStepsAsync(consistencyPath(crypto, knownSize, this.#size), this.#tree.read) : [];
    return { head: await this.#signedHead(), consistency: isNew ? encodePath(path) : new Uint8Array(0) };
  }

  /** Of one size there is one head, unless the server has another key. */
  async #signedHead(): Promise<Uint8Array> {
    const { crypto, signer: present, wallClock } = this.#options;
    const [signer, size] = [present(), this.#size];
    if (this.#head?.treeSize === size && this.#head.signer === signer) return this.#head.bytes;
    const root = await runStepsAsync(treeRoot(crypto, size), this.#tree.read);
    const roots = { root, mapRoot: await runStepsAsync(mapRoot(crypto), this.#map.read) };
    const bytes = encodeTreeHead({ treeSize: size, ...roots, at: Math.floor(wallClock() / 1_000) }, signer);
    this.#head = { bytes, treeSize: size, signer };
    return bytes;
  }

  #inTurn<Result>(work: () => Promise<Result>): Promise<Result> {
    const turn = this.#turn.then(work);
    this.#turn = turn.catch(() => undefined);
    return turn;
  }
}
