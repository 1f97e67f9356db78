/**
 * ServerTrust, by the rules of docs/protocols/session.md §2:
 *
 * 1. Pins (`--server-key`, the key in an enrolment token) must all fit; what is known beside them does not count.
 * 2. Without a pin, the known server of that address must fit.
 * 3. Where nothing is known, the first contact is recorded, without a question.
 *
 * A key fits when it is the expected one, or when signed successions lead from the expected one to it.
 */
import { equalBytes } from '@sealane/shared/bytes';
import { fingerprint, parseFingerprint, type Crypto } from '@sealane/shared/crypto';
import { decodeKeySuccession, followKeySuccessions } from '@sealane/shared/documents';
import { ProtocolError } from '@sealane/shared/errors';
import { explained, showAddress, type Address } from '@sealane/node/config';
import type { KnownServerStore } from './known-server-store.ts';

/** An identity that the user named. */
export interface Pin {
  /** `SHA256:…` */
  readonly fingerprint: string;
  /** Where it came from, for messages: `--server-key`, `the enrolment token`. */
  readonly source: string;
}

/** A server that proved an identity. */
export interface ProvedServer {
  readonly address: Address;
  /** X25519 public key, 32 bytes. */
  readonly serverKey: Uint8Array;
  /** Signed documents that lead from its earlier keys to this one. */
  readonly successions: readonly Uint8Array[];
}

/** Why a server is trusted. */
export type Judgement = 'pinned' | 'known' | 'succeeded' | 'first-contact';

export interface ServerTrustOptions {
  readonly crypto: Crypto;
  readonly pins: readonly Pin[];
  readonly known: KnownServerStore;
  /** Wall clock in ms: successions have a date. */
  readonly wallClock: () => number;
  /** The command line that accepts a changed identity. */
  readonly acceptCommand: (address: string, fingerprint: string) => string;
}

/** Decides on the identity that a server proved in the handshake. */
export class ServerTrust {
  readonly #options: ServerTrustOptions;

  constructor(options: ServerTrustOptions) {
    this.#options = options;
  }

  /**
   * Judges a server that proved its identity, and remembers it.
   *
   * @returns why it is trusted.
   * @throws ProtocolError `E_IDENTITY_CHANGED` with both fingerprints and the command that accepts the new one.
   * @throws ConfigError or StorageError when the file of known servers cannot be used.
   */
  judge(server: ProvedServer): Judgement {
    const { crypto, pins, known } = this.#options;
    const proved = fingerprint(crypto, server.serverKey);
    for (const pin of pins) {
      if (!this.#fits(server, pin.fingerprint)) throw pinMismatch(server.address, pin, proved);
    }
    if (pins.length > 0) {
      known.record(server.address, proved);
      return 'pinned';
    }
    const before = known.lookup(server.address);
    // Another process may be first: then its record counts.
    const expected = before ?? known.record(server.address, proved);
    if (expected.fingerprint !== proved) return this.#follow(server, expected.fingerprint, proved);
    return before === undefined ? 'first-contact' : 'known';
  }

  /** Whether a server was met at this address before. @throws as `judge` when the file cannot be used. */
  knows(address: Address): boolean {
    return this.#options.known.lookup(address) !== undefined;
  }

  #follow(server: ProvedServer, expected: string, proved: string): Judgement {
    if (!this.#fits(server, expected)) throw this.#identityChanged(server.address, expected, proved);
    this.#options.known.accept(server.address, proved, 'succeeded');
    return 'succeeded';
  }

  /** Whether the server has the expected key, or successions lead to its key from the expected one. */
  #fits({ serverKey, successions }: ProvedServer, expected: string): boolean {
    const { crypto, wallClock } = this.#options;
    const hash = parseFingerprint(expected);
    if (hash === undefined) return false;
    if (equalBytes(crypto.sha256(serverKey), hash)) return true;
    const knownKey = successions
      .map((document) => decodeKeySuccession(document)?.oldKey)
      .find((key) => key !== undefined && equalBytes(crypto.sha256(key), hash));
    if (knownKey === undefined) return false;
    const nowSeconds = Math.floor(wallClock() / 1_000);
    return followKeySuccessions(crypto, { documents: successions, knownKey, provedKey: serverKey, nowSeconds });
  }

  #identityChanged(address: Address, expected: string, proved: string): ProtocolError {
    const where = showAddress(address);
    const command = this.#options.acceptCommand(where, proved);
    const message = `The identity of ${where} changed: known is ${expected}, it proved ${proved}. If that is expected, run: ${command}`;
    return explained(new ProtocolError('E_IDENTITY_CHANGED', message), {
      why: 'Its operator made a new key without a succession, or someone between the two sides pretends to be it.',
      next: `Ask the operator for the fingerprint, and run that command only if it is ${proved}.`,
    });
  }
}

function pinMismatch(address: Address, pin: Pin, proved: string): ProtocolError {
  const where = showAddress(address);
  const message = `${where} is not the server of ${pin.source}: expected ${pin.fingerprint}, it proved ${proved}`;
  return explained(new ProtocolError('E_IDENTITY_CHANGED', message), {
    why: `${pin.source.charAt(0).toUpperCase()}${pin.source.slice(1)} names another identity than the one this server proved.`,
    next: `Check the address; if the operator confirms ${proved}, use that: --server-key ${proved}`,
  });
}
