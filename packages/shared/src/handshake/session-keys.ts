/** What a finished handshake leaves behind (docs/protocols/handshake.md §6.3). Printing it shows no bytes. */
import { concat, utf8Encode, wipe } from '../bytes/index.ts';
import type { HandshakeState } from './noise/handshake-state.ts';
import type { SuiteId } from '../wire/index.ts';
import type { Chosen } from './suites.ts';

/** Info of the secret that seeds the first key update, and of every one after it (docs/protocols/handshake.md §9). */
export const REKEY_LABEL = utf8Encode('sealane rekey');

/** Secrets of a session and the names of its parts. */
interface SessionSecrets extends Chosen {
  readonly agentToServer: Uint8Array;
  readonly serverToAgent: Uint8Array;
  readonly rekey: Uint8Array;
  readonly handshakeHash: Uint8Array;
}

/**
 * The keys of epoch 0. The getters lend the arrays themselves: who passes a key on to an owner (a record sealer or
 * opener) no longer calls `wipe`, which zeroes all three secrets.
 */
export class SessionKeys {
  readonly version: number;
  readonly suite: SuiteId;
  readonly #agentToServer: Uint8Array;
  readonly #serverToAgent: Uint8Array;
  readonly #rekey: Uint8Array;
  readonly #handshakeHash: Uint8Array;

  constructor(secrets: SessionSecrets) {
    this.version = secrets.version;
    this.suite = secrets.suite;
    this.#agentToServer = secrets.agentToServer;
    this.#serverToAgent = secrets.serverToAgent;
    this.#rekey = secrets.rekey;
    this.#handshakeHash = secrets.handshakeHash;
  }

  /** AES-256 key of the records from agent to server, 32 bytes. */
  get agentToServer(): Uint8Array {
    return this.#agentToServer;
  }

  /** AES-256 key of the records from server to agent, 32 bytes. */
  get serverToAgent(): Uint8Array {
    return this.#serverToAgent;
  }

  /** rk, 32 bytes: input of the first key update. */
  get rekey(): Uint8Array {
    return this.#rekey;
  }

  /** Transcript hash, 32 bytes: the same on both sides, different in every session, no secret. */
  get handshakeHash(): Uint8Array {
    return this.#handshakeHash;
  }

  /** Zeroes the three secrets in place. */
  wipe(): void {
    wipe(this.#agentToServer, this.#serverToAgent, this.#rekey);
  }
}

/** Takes the keys out of a finished handshake, which is wiped. The agent is the initiator. */
export function splitSessionKeys(noise: HandshakeState, chosen: Chosen): SessionKeys {
  const rekey = noise.exportSecret(REKEY_LABEL);
  const { handshakeHash } = noise;
  const { initiatorToResponder, responderToInitiator } = noise.split();
  const [agentToServer, serverToAgent, kept] = together(initiatorToResponder, responderToInitiator, rekey);
  const { version, suite } = chosen;
  return new SessionKeys({ version, suite, agentToServer, serverToAgent, rekey: kept, handshakeHash });
}

/** Three secrets (wiped) in one buffer: each of its own costs an idle connection some 250 bytes more. */
function together(...secrets: readonly [Uint8Array, Uint8Array, Uint8Array]): [Uint8Array, Uint8Array, Uint8Array] {
  const [first, second, third] = secrets;
  const all = concat(first, second, third);
  wipe(first, second, third);
  const secondAt = first.length;
  const thirdAt = secondAt + second.length;
  return [all.subarray(0, secondAt), all.subarray(secondAt, thirdAt), all.subarray(thirdAt)];
}
