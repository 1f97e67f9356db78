/** Where known servers are kept: the file of a data directory (`KnownServers` of packages/node), or memory. */
import { showAddress, type Address } from '@sealane/node/config';

/** Name of the file in a data directory. */
export const KNOWN_SERVERS_FILE = 'known_servers';

/** What trust needs to remember. */
export interface KnownServerStore {
  lookup(address: Address): { readonly fingerprint: string } | undefined;
  /** Records a first contact. @returns what is known afterwards. */
  record(address: Address, fingerprint: string): { readonly fingerprint: string };
  /** Replaces what is known. */
  accept(address: Address, fingerprint: string, trust: 'accepted' | 'succeeded'): unknown;
}

/** Known servers of one process: a server may not change its identity while the process runs. */
export class MemoryKnownServers implements KnownServerStore {
  readonly #known = new Map<string, { readonly fingerprint: string }>();

  lookup(address: Address): { readonly fingerprint: string } | undefined {
    return this.#known.get(showAddress(address));
  }

  record(address: Address, fingerprint: string): { readonly fingerprint: string } {
    return this.lookup(address) ?? this.accept(address, fingerprint);
  }

  accept(address: Address, fingerprint: string): { readonly fingerprint: string } {
    const known = { fingerprint };
    this.#known.set(showAddress(address), known);
    return known;
  }
}
