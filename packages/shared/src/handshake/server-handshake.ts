/**
 * The server's side of the handshake (docs/protocols/handshake.md §4–§6).
 *
 * 1. `AwaitEncryptionRequest.read` judges 0x01 without any cryptography: `ServerResponds`.
 * 2. `ServerResponds.respond` does the expensive part and makes 0x02: `AwaitEncryptionFinish`.
 * 3. `AwaitEncryptionFinish.read` proves the agent's key and gives its payload and the session keys.
 *
 * Each state is consumed by the step that leaves it. Whether the agent is welcome is not decided here: a "no" travels
 * sealed, in a Failure packet.
 */
import { concat } from '../bytes/index.ts';
import { SIZES, type Crypto, type Random } from '../crypto/crypto.ts';
import { assert, ProtocolError } from '../errors/index.ts';
import { checkBody, handshakePrologue } from './bodies.ts';
import { Consumable } from './consumable.ts';
import { decodeEncryptionRequest, type EncryptionRequest } from './encryption-request.ts';
import { HANDSHAKE_BODY_BYTES_MAX, SEALED_STATIC_KEY_BYTES } from './limits.ts';
import { HandshakeState, type NoiseKeyPair } from './noise/handshake-state.ts';
import { splitSessionKeys, type SessionKeys } from './session-keys.ts';
import type { SuiteId, VersionRange } from '../wire/index.ts';
import { HANDSHAKE_PACKET, suiteHasKem, suitePattern, type Chosen } from './suites.ts';

/** What a server brings to the handshake. */
export interface ServerHandshakeOptions {
  readonly crypto: Crypto;
  readonly random: Random;
  /** Own static key: borrowed, not wiped. */
  readonly identity: NoiseKeyPair;
  /** Suites allowed, in the server's order of preference, which decides. */
  readonly suites: readonly SuiteId[];
  readonly versions: VersionRange;
}

/** A connection was accepted. */
export class AwaitEncryptionRequest {
  readonly #options: Consumable<ServerHandshakeOptions>;

  constructor(options: ServerHandshakeOptions) {
    this.#options = new Consumable(options);
  }

  /**
   * Reads the 0x01 body (copied) and chooses version and suite. No key of the peer is used yet.
   *
   * @throws ProtocolError `E_UNSUPPORTED_VERSION` or `E_UNSUPPORTED_SUITE` (0x04 may say so), `E_MALFORMED`, `E_STATE`,
   * `E_TOO_LARGE`.
   */
  read(body: Uint8Array): { chosen: Chosen; next: ServerResponds } {
    const options = this.#options.take();
    const copy = new Uint8Array(body.subarray(0, HANDSHAKE_BODY_BYTES_MAX + 1));
    const request = decodeEncryptionRequest(copy, options.versions);
    const chosen = choose(request, options);
    return { chosen, next: new ServerResponds({ options, body: copy, request, chosen }) };
  }
}

interface Judged {
  readonly options: ServerHandshakeOptions;
  readonly body: Uint8Array;
  readonly request: EncryptionRequest;
  readonly chosen: Chosen;
}

/** 0x01 is well formed and acceptable; the expensive part comes next. */
export class ServerResponds {
  readonly #judged: Consumable<Judged>;

  constructor(judged: Judged) {
    this.#judged = new Consumable(judged);
  }

  /**
   * Makes the 0x02 body.
   *
   * @param encodePayload gives the encoded 0x02 payload; its argument (8 bytes) goes into field 0.
   * @throws ProtocolError `E_HANDSHAKE` when a key of the agent is invalid; RangeError when the payload is too long.
   */
  respond(encodePayload: (verifyToken: Uint8Array) => Uint8Array): {
    response: Uint8Array;
    next: AwaitEncryptionFinish;
  } {
    const { options, body, request, chosen } = this.#judged.take();
    const header = Uint8Array.of(HANDSHAKE_PACKET.encryptionResponse, chosen.version, chosen.suite);
    const noise = new HandshakeState({
      crypto: options.crypto,
      random: options.random,
      pattern: suitePattern(chosen.suite),
      role: 'responder',
      prologue: handshakePrologue(body, header),
      staticKeys: options.identity,
    });
    noise.readMessage(firstMessage(request, chosen.suite));
    const response = concat(header, noise.writeMessage(encodePayload(request.verifyToken.slice())));
    if (response.length > HANDSHAKE_BODY_BYTES_MAX) {
      noise.wipe();
      throw new RangeError('the 0x02 payload is too long');
    }
    return { response, next: new AwaitEncryptionFinish(noise, chosen) };
  }
}

/** 0x02 was sent. */
export class AwaitEncryptionFinish {
  readonly #noise: Consumable<HandshakeState>;
  readonly #chosen: Chosen;

  constructor(noise: HandshakeState, chosen: Chosen) {
    this.#noise = new Consumable(noise);
    this.#chosen = chosen;
  }

  /**
   * Reads the 0x03 body. Success means: the agent holds the secret of `agentKey` and saw exactly what we sent.
   *
   * @throws ProtocolError `E_MALFORMED`, `E_STATE`, `E_TOO_LARGE` or `E_HANDSHAKE`; the state is wiped.
   */
  read(body: Uint8Array): { agentKey: Uint8Array; payload: Uint8Array; keys: SessionKeys } {
    const noise = this.#noise.take();
    try {
      checkBody(body, HANDSHAKE_PACKET.encryptionFinish, 1 + SEALED_STATIC_KEY_BYTES + SIZES.aeadTag);
      const payload = noise.readMessage(body.subarray(1));
      const agentKey = noise.remoteStatic;
      assert(agentKey !== undefined, 'message 3 carries the static key of the agent');
      return { agentKey, payload, keys: splitSessionKeys(noise, this.#chosen) };
    } catch (error) {
      noise.wipe();
      throw error;
    }
  }

  /** Wipes the secrets; of no effect when the state was left before. */
  abandon(): void {
    this.#noise.discard()?.wipe();
  }
}

/** §4.5: the highest version both speak; of the server's suites the first that the agent offers. */
function choose(request: EncryptionRequest, options: ServerHandshakeOptions): Chosen {
  const suite = options.suites.find((allowed) => request.suites.includes(allowed));
  if (suite === undefined) throw new ProtocolError('E_UNSUPPORTED_SUITE');
  return { version: Math.min(request.versions.max, options.versions.max), suite };
}

/** §3.6: Noise message 1 is the key, under a hybrid suite the KEM key, and the verify token as payload. */
function firstMessage({ key, kemKey, verifyToken }: EncryptionRequest, suite: SuiteId): Uint8Array {
  return suiteHasKem(suite) && kemKey !== undefined ? concat(key, kemKey, verifyToken) : concat(key, verifyToken);
}
