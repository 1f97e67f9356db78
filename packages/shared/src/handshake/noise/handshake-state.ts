/**
 * HandshakeState of the Noise Protocol Framework, revision 34, §5.3, generic over `PATTERNS`, with ML-KEM-768 as the
 * KEM of the hybrid forward secrecy extension. Implements docs/protocols/handshake.md §3.
 *
 * 1. `new HandshakeState` mixes name, prologue and the static keys known beforehand.
 * 2. `writeMessage` and `readMessage` take turns, one token after the other, the payload last.
 * 3. `split` gives the transport keys.
 *
 * Any failure wipes the state for good. It knows nothing of packets, suites or versions.
 */
import { assert, ProtocolError } from '../../errors/index.ts';
import { concat, wipe } from '../../bytes/index.ts';
import { SIZES, type Crypto, type KemKeyPair, type Random } from '../../crypto/crypto.ts';
import { PATTERNS, protocolName, type Pattern, type PatternName, type Token } from './patterns.ts';
import { SymmetricState, type TransportKeys } from './symmetric-state.ts';

/** Largest Noise message in bytes (Noise §3). */
export const NOISE_MESSAGE_BYTES_MAX = 65_535;

/** An X25519 key pair, 32 bytes each. */
export interface NoiseKeyPair {
  readonly publicKey: Uint8Array;
  readonly secretKey: Uint8Array;
}

export type Role = 'initiator' | 'responder';

/** What a handshake starts from. */
export interface HandshakeStateOptions {
  readonly crypto: Crypto;
  readonly random: Random;
  readonly pattern: PatternName;
  readonly role: Role;
  readonly prologue: Uint8Array;
  /** Own static keys, where the pattern needs them: borrowed, never wiped here. */
  readonly staticKeys?: NoiseKeyPair;
  /** The peer's static key, where the pattern has it known beforehand. */
  readonly remoteStatic?: Uint8Array;
  /** Ephemeral keys made earlier (request already sent, or vectors): owned and wiped here. Default: fresh. */
  readonly ephemeral?: NoiseKeyPair;
  /** KEM keys made earlier: owned and wiped here. Default: fresh. */
  readonly kem?: KemKeyPair;
}

/** Fresh X25519 keys; the secret is the 32 bytes that `random` gives. */
export function generateEphemeral(crypto: Crypto, random: Random): NoiseKeyPair {
  const secretKey = random(SIZES.x25519Key);
  return { publicKey: crypto.x25519PublicKey(secretKey), secretKey };
}

/** One side of one handshake. */
export class HandshakeState {
  readonly #crypto: Crypto;
  readonly #random: Random;
  readonly #initiator: boolean;
  readonly #messages: readonly (readonly Token[])[];
  readonly #symmetric: SymmetricState;
  readonly #static: NoiseKeyPair | undefined;
  #next = 0;
  #ephemeral: NoiseKeyPair | undefined;
  #kem: KemKeyPair | undefined;
  #remoteStatic: Uint8Array | undefined;
  #remoteEphemeral: Uint8Array | undefined;
  #remoteKem: Uint8Array | undefined;
  #dead = false;

  constructor(options: HandshakeStateOptions) {
    const pattern: Pattern = PATTERNS[options.pattern];
    this.#crypto = options.crypto;
    this.#random = options.random;
    this.#initiator = options.role === 'initiator';
    this.#messages = pattern.messages;
    this.#static = options.staticKeys;
    this.#remoteStatic = options.remoteStatic;
    this.#ephemeral = options.ephemeral;
    this.#kem = options.kem;
    this.#symmetric = new SymmetricState(options.crypto, protocolName(options.pattern));
    this.#symmetric.mixHash(options.prologue);
    const own = this.#static?.publicKey;
    const [initiator, responder] = this.#initiator ? [own, this.#remoteStatic] : [this.#remoteStatic, own];
    if (pattern.initiatorKnown) this.#symmetric.mixHash(given(initiator, 'static key of the initiator'));
    if (pattern.responderKnown) this.#symmetric.mixHash(given(responder, 'static key of the responder'));
  }

  /**
   * The next message, with `payload` sealed at its end.
   *
   * @throws ProtocolError `E_HANDSHAKE` when a key of the peer is invalid; RangeError past 65,535 bytes.
   */
  writeMessage(payload: Uint8Array): Uint8Array {
    return this.#orWipe(() => {
      const parts = this.#takeTurn(true).map((token) => this.#writeToken(token));
      parts.push(this.#symmetric.encryptAndHash(payload));
      this.#wipeSpent();
      const message = concat(...parts);
      if (message.length > NOISE_MESSAGE_BYTES_MAX) throw new RangeError('"payload" is too long for a Noise message');
      return message;
    });
  }

  /**
   * The payload of the peer's next message (copied).
   *
   * @throws ProtocolError `E_MALFORMED` when it is too short or too long; `E_HANDSHAKE` when it does not authenticate.
   */
  readMessage(message: Uint8Array): Uint8Array {
    return this.#orWipe(() => {
      if (message.length > NOISE_MESSAGE_BYTES_MAX) throw new ProtocolError('E_MALFORMED');
      const input = new Input(message);
      for (const token of this.#takeTurn(false)) this.#readToken(token, input);
      const payload = this.#symmetric.decryptAndHash(input.rest(this.#symmetric.tagSize));
      this.#wipeSpent();
      return payload;
    });
  }

  /** Whether all messages were written and read, so that `split` may be called. */
  get finished(): boolean {
    return !this.#dead && this.#next === this.#messages.length;
  }

  /** Transcript hash, 32 bytes (copied). */
  get handshakeHash(): Uint8Array {
    return this.#symmetric.handshakeHash;
  }

  /** The peer's static public key (copied), once it is known. */
  get remoteStatic(): Uint8Array | undefined {
    return this.#remoteStatic && new Uint8Array(this.#remoteStatic);
  }

  /** One more secret of 32 bytes beside the transport keys; before `split` only. */
  exportSecret(info: Uint8Array): Uint8Array {
    assert(this.finished, 'a secret is exported after the last handshake message');
    return this.#symmetric.exportSecret(info);
  }

  /** The transport keys; wipes this state. */
  split(): TransportKeys {
    assert(this.finished, 'the handshake splits after its last message');
    const keys = this.#symmetric.split();
    this.wipe();
    return keys;
  }

  /** Wipes every secret but the borrowed static key; the state is dead afterwards. */
  wipe(): void {
    this.#dead = true;
    this.#symmetric.wipe();
    if (this.#ephemeral !== undefined) wipe(this.#ephemeral.secretKey);
    this.#kem?.secretKey.wipe();
    this.#ephemeral = undefined;
    this.#kem = undefined;
  }

  /** docs/protocols/handshake.md §3.5, writing. */
  #writeToken(token: Token): Uint8Array {
    switch (token) {
      case 'e': {
        this.#ephemeral ??= generateEphemeral(this.#crypto, this.#random);
        this.#symmetric.mixHash(this.#ephemeral.publicKey);
        return this.#ephemeral.publicKey;
      }
      case 's':
        return this.#symmetric.encryptAndHash(given(this.#static, 'own static key').publicKey);
      case 'e1':
        this.#kem ??= this.#crypto.kemKeyPair(this.#random);
        return this.#symmetric.encryptAndHash(this.#kem.publicKey);
      case 'ekem1': {
        const { ciphertext, sharedSecret } = this.#crypto.kemEncapsulate(
          given(this.#remoteKem, 'KEM key of the peer'),
          this.#random,
        );
        const sealed = this.#symmetric.encryptAndHash(ciphertext);
        this.#mixSecret(sharedSecret);
        return sealed;
      }
      default:
        this.#mixSecret(this.#diffieHellman(token));
        return new Uint8Array(0);
    }
  }

  /** docs/protocols/handshake.md §3.5, reading. */
  #readToken(token: Token, input: Input): void {
    const tagSize = this.#symmetric.tagSize;
    switch (token) {
      case 'e':
        this.#remoteEphemeral = input.take(SIZES.x25519Key);
        this.#symmetric.mixHash(this.#remoteEphemeral);
        break;
      case 's':
        this.#remoteStatic = this.#symmetric.decryptAndHash(input.take(SIZES.x25519Key + tagSize));
        break;
      case 'e1':
        this.#remoteKem = this.#symmetric.decryptAndHash(input.take(SIZES.kemPublicKey + tagSize));
        break;
      case 'ekem1': {
        const ciphertext = this.#symmetric.decryptAndHash(input.take(SIZES.kemCiphertext + tagSize));
        const { secretKey } = given(this.#kem, 'own KEM key');
        this.#mixSecret(this.#crypto.kemDecapsulate(secretKey, ciphertext));
        break;
      }
      default:
        this.#mixSecret(this.#diffieHellman(token));
    }
  }

  /** The first letter of the token is the initiator's key, the second the responder's. */
  #diffieHellman(token: 'ee' | 'es' | 'se' | 'ss'): Uint8Array {
    const [initiatorKey, responderKey] = token;
    const own = this.#initiator ? initiatorKey : responderKey;
    const remote = this.#initiator ? responderKey : initiatorKey;
    const { secretKey } = given(own === 'e' ? this.#ephemeral : this.#static, 'own key');
    const publicKey = given(remote === 'e' ? this.#remoteEphemeral : this.#remoteStatic, 'key of the peer');
    return this.#crypto.x25519(secretKey, publicKey);
  }

  #mixSecret(secret: Uint8Array): void {
    this.#symmetric.mixKey(secret);
    wipe(secret);
  }

  #takeTurn(writing: boolean): readonly Token[] {
    if (this.#dead) throw new ProtocolError('E_HANDSHAKE', 'This handshake has ended.');
    const tokens = this.#messages[this.#next];
    const ownTurn = (this.#next % 2 === 0) === this.#initiator;
    if (tokens === undefined || ownTurn !== writing) throw new TypeError('The handshake is at another message.');
    this.#next++;
    return tokens;
  }

  /** Wipes the ephemeral secrets that no later token needs. */
  #wipeSpent(): void {
    const later = this.#messages.slice(this.#next).flat();
    const usesEphemeral = this.#initiator ? ['ee', 'es'] : ['ee', 'se'];
    if (this.#ephemeral !== undefined && !later.some((token) => usesEphemeral.includes(token))) {
      wipe(this.#ephemeral.secretKey);
    }
    if (!later.includes('ekem1')) this.#kem?.secretKey.wipe();
  }

  #orWipe<Result>(act: () => Result): Result {
    try {
      return act();
    } catch (error) {
      this.wipe();
      throw error;
    }
  }
}

/** A message while it is read. */
class Input {
  readonly #message: Uint8Array;
  #offset = 0;

  constructor(message: Uint8Array) {
    this.#message = message;
  }

  take(size: number): Uint8Array {
    if (this.#message.length - this.#offset < size) throw tooShort();
    return new Uint8Array(this.#message.subarray(this.#offset, (this.#offset += size)));
  }

  rest(sizeMin: number): Uint8Array {
    return this.take(Math.max(sizeMin, this.#message.length - this.#offset));
  }
}

function tooShort(): ProtocolError {
  return new ProtocolError('E_MALFORMED', 'A handshake message is too short.');
}

function given<Value>(value: Value | undefined, what: string): Value {
  if (value === undefined) throw new TypeError(`This handshake pattern needs the ${what}.`);
  return value;
}
