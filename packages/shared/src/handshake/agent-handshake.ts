/**
 * The agent's side of the handshake (docs/protocols/handshake.md §4–§6).
 *
 * 1. `startAgentHandshake` makes 0x01 and waits for the answer: `AwaitEncryptionResponse`.
 * 2. `AwaitEncryptionResponse.read` checks 0x02 and proves the server's key: `AgentDecides`.
 * 3. The caller decides whether this key is its server's, then `AgentDecides.finish` makes 0x03 and the session keys.
 *
 * Each state is consumed by the step that leaves it. Payloads are bytes here: their codecs are packet specs, and
 * comparing `verified_token` (inside the 0x02 payload) with `verifyToken` is up to who decodes the payload (§5.5).
 */
import { equalBytes, wipe } from '../bytes/index.ts';
import { SIZES, type Crypto, type KemKeyPair, type Random } from '../crypto/crypto.ts';
import { assert, ProtocolError } from '../errors/index.ts';
import { checkBody, handshakePrologue, malformed } from './bodies.ts';
import { Consumable } from './consumable.ts';
import { encodeEncryptionRequest } from './encryption-request.ts';
import {
  FINISH_PAYLOAD_BYTES_MAX,
  RESPONSE_HEADER_BYTES,
  SEALED_KEM_CIPHERTEXT_BYTES,
  SEALED_STATIC_KEY_BYTES,
  SUITES_BYTES,
  VERIFY_TOKEN_BYTES,
} from './limits.ts';
import { generateEphemeral, HandshakeState, type NoiseKeyPair } from './noise/handshake-state.ts';
import { splitSessionKeys, type SessionKeys } from './session-keys.ts';
import type { SuiteId, VersionRange } from '../wire/index.ts';
import { HANDSHAKE_PACKET, suiteHasKem, suitePattern, type Chosen } from './suites.ts';

/** What an agent brings to the handshake. */
export interface AgentHandshakeOptions {
  readonly crypto: Crypto;
  readonly random: Random;
  /** 1 to 4 distinct suites in order of preference. */
  readonly suites: readonly SuiteId[];
  readonly versions: VersionRange;
  /** Own static key: borrowed, not wiped. */
  readonly identity: NoiseKeyPair;
}

/**
 * Makes the 0x01 body and the state that waits for its answer.
 *
 * @throws RangeError when suites or versions cannot be offered.
 * @example
 * const { request, next } = startAgentHandshake({ crypto, random, suites: [SUITE.hybrid], versions, identity });
 * const decides = next.read(responseBody);
 * const { finish, keys } = decides.finish(payload);
 */
export function startAgentHandshake(options: AgentHandshakeOptions): {
  request: Uint8Array;
  next: AwaitEncryptionResponse;
} {
  checkOffer(options);
  const { crypto, random, suites, versions } = options;
  const ephemeral = generateEphemeral(crypto, random);
  const kem = suites.some(suiteHasKem) ? crypto.kemKeyPair(random) : undefined;
  const verifyToken = random(VERIFY_TOKEN_BYTES);
  const kemKey = kem?.publicKey;
  const request = encodeEncryptionRequest({ versions, suites, key: ephemeral.publicKey, kemKey, verifyToken });
  return { request, next: new AwaitEncryptionResponse({ options, request, ephemeral, kem, verifyToken }) };
}

interface Requested {
  readonly options: AgentHandshakeOptions;
  readonly request: Uint8Array;
  readonly ephemeral: NoiseKeyPair;
  readonly kem: KemKeyPair | undefined;
  readonly verifyToken: Uint8Array;
}

/** 0x01 was sent. A 0x04 body goes to `readRejected`, then to `abandon`; anything else to `read`. */
export class AwaitEncryptionResponse {
  readonly #requested: Consumable<Requested>;

  constructor(requested: Requested) {
    this.#requested = new Consumable(requested);
  }

  /**
   * Reads the 0x02 body. Success means: the server holds the secret of `serverKey` and saw exactly our 0x01.
   *
   * @throws ProtocolError `E_MALFORMED`, `E_STATE`, `E_TOO_LARGE`, `E_UNSUPPORTED_VERSION`, `E_UNSUPPORTED_SUITE` (chosen
   * but not offered) or `E_HANDSHAKE`; the state is wiped.
   */
  read(body: Uint8Array): AgentDecides {
    const requested = this.#requested.take();
    try {
      const chosen = decodeResponseHeader(body, requested.options);
      const noise = startNoise(requested, body, chosen);
      const payload = noise.readMessage(body.subarray(RESPONSE_HEADER_BYTES));
      return new AgentDecides({ noise, chosen, payload, verifyToken: requested.verifyToken });
    } catch (error) {
      wipeRequested(requested);
      throw error;
    }
  }

  /** Wipes the secrets; of no effect when the state was left before. */
  abandon(): void {
    const requested = this.#requested.discard();
    if (requested !== undefined) wipeRequested(requested);
  }
}

interface Proven {
  readonly noise: HandshakeState;
  readonly chosen: Chosen;
  readonly payload: Uint8Array;
  readonly verifyToken: Uint8Array;
}

/** The server has proven its key; whether it is the right one, the caller decides. Nothing of ours was revealed yet. */
export class AgentDecides {
  readonly suite: SuiteId;
  readonly version: number;
  /** The server's static key, 32 bytes. */
  readonly serverKey: Uint8Array;
  /** The 0x02 payload, opened, as bytes. */
  readonly payload: Uint8Array;
  /** The 8 bytes that field 0 of the payload must repeat; compare with `equalBytes`. */
  readonly verifyToken: Uint8Array;
  readonly #noise: Consumable<HandshakeState>;

  constructor({ noise, chosen, payload, verifyToken }: Proven) {
    const serverKey = noise.remoteStatic;
    assert(serverKey !== undefined, 'message 2 carries the static key of the server');
    this.suite = chosen.suite;
    this.version = chosen.version;
    this.serverKey = serverKey;
    this.payload = payload;
    this.verifyToken = verifyToken;
    this.#noise = new Consumable(noise);
  }

  /**
   * Makes the 0x03 body, which reveals the own static key to this server, and the session keys.
   *
   * @param payload the encoded 0x03 payload, at most 4,031 bytes.
   * @throws RangeError when the payload is longer.
   */
  finish(payload: Uint8Array): { finish: Uint8Array; keys: SessionKeys } {
    if (payload.length > FINISH_PAYLOAD_BYTES_MAX) throw new RangeError('"payload" is too long for 0x03');
    const noise = this.#noise.take();
    const message = noise.writeMessage(payload);
    const finish = new Uint8Array(1 + message.length);
    finish[0] = HANDSHAKE_PACKET.encryptionFinish;
    finish.set(message, 1);
    return { finish, keys: splitSessionKeys(noise, { suite: this.suite, version: this.version }) };
  }

  /** Wipes the secrets; of no effect when the state was left before. */
  abandon(): void {
    this.#noise.discard()?.wipe();
  }
}

/** §5.2: id, lengths, version and suite, before any cryptography. */
function decodeResponseHeader(body: Uint8Array, options: AgentHandshakeOptions): Chosen {
  checkBody(body, HANDSHAKE_PACKET.encryptionResponse, RESPONSE_HEADER_BYTES);
  const [, version, suiteId] = body as unknown as readonly [number, number, number];
  const { min, max } = options.versions;
  if (version < min || version > max) throw new ProtocolError('E_UNSUPPORTED_VERSION');
  const suite = options.suites.find((offered) => offered === suiteId);
  if (suite === undefined) throw new ProtocolError('E_UNSUPPORTED_SUITE', 'The server chose a suite not offered.');
  const kemBytes = suiteHasKem(suite) ? SEALED_KEM_CIPHERTEXT_BYTES : 0;
  const bytesMin = RESPONSE_HEADER_BYTES + SIZES.x25519Key + kemBytes + SEALED_STATIC_KEY_BYTES + SIZES.aeadTag;
  if (body.length < bytesMin) throw malformed('0x02 is too short.');
  return { version, suite };
}

/** §3.6: the transcript starts when the suite is known, with the message that was sent before. */
function startNoise(requested: Requested, response: Uint8Array, { suite }: Chosen): HandshakeState {
  const { options, request, ephemeral, kem, verifyToken } = requested;
  const hybrid = suiteHasKem(suite);
  const noise = new HandshakeState({
    crypto: options.crypto,
    random: options.random,
    pattern: suitePattern(suite),
    role: 'initiator',
    prologue: handshakePrologue(request, response),
    staticKeys: options.identity,
    ephemeral,
    ...(hybrid && kem !== undefined ? { kem } : {}),
  });
  const sent = noise.writeMessage(verifyToken);
  assert(equalBytes(sent.subarray(0, SIZES.x25519Key), ephemeral.publicKey), 'message 1 is the one sent in 0x01');
  if (!hybrid) kem?.secretKey.wipe();
  return noise;
}

function wipeRequested({ ephemeral, kem }: Requested): void {
  wipe(ephemeral.secretKey);
  kem?.secretKey.wipe();
}

function checkOffer({ suites, versions }: AgentHandshakeOptions): void {
  if (suites.length === 0 || suites.length > SUITES_BYTES || new Set(suites).size !== suites.length) {
    throw new RangeError('"suites" expected 1 to 4 distinct ids');
  }
  if (!(versions.min >= 1 && versions.min <= versions.max && versions.max <= 255)) {
    throw new RangeError('"versions" expected a range within 1 to 255');
  }
}
