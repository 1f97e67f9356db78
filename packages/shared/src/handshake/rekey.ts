/**
 * The key schedule of a key update (docs/protocols/handshake.md §9): fresh keys on both sides, mixed with the static
 * ones and with rk, which no traffic key reveals.
 *
 * 1. `startKeyUpdate` (agent) makes the fields of 0x07 and waits: `AwaitKeyUpdateResponse`.
 * 2. `answerKeyUpdate` (server) makes 0x08 and the keys of the new epoch.
 * 3. `AwaitKeyUpdateResponse.finish` (agent) makes the same keys.
 *
 * The packets themselves, the order of epochs and the moment of switching belong to the session.
 */
import { concat, wipe } from '../bytes/index.ts';
import { SIZES, hkdfExpand, type Crypto, type KemKeyPair, type Random } from '../crypto/index.ts';
import { malformed } from './bodies.ts';
import { Consumable } from './consumable.ts';
import { generateEphemeral, type NoiseKeyPair } from './noise/handshake-state.ts';
import { REKEY_LABEL } from './session-keys.ts';
import type { SuiteId } from '../wire/index.ts';
import { suiteHasKem } from './suites.ts';

/** Under a hybrid suite every epoch whose number is a multiple of this has a fresh ML-KEM exchange. */
export const KEM_EPOCH_INTERVAL = 8;

/** rk', k_up and k_down together. */
const EPOCH_KEYS_BYTES = 96;

/** Whether the update that begins `epoch` carries KEM fields. */
export function epochHasKem(suite: SuiteId, epoch: number): boolean {
  return suiteHasKem(suite) && epoch % KEM_EPOCH_INTERVAL === 0;
}

/** The keys of a new epoch. As in `SessionKeys`, getters lend the arrays themselves; printing shows no bytes. */
export class EpochKeys {
  readonly #material: Uint8Array;

  /** @param material rk' ‖ k_up ‖ k_down, 96 bytes, owned from here on. */
  constructor(material: Uint8Array) {
    this.#material = material;
  }

  /** rk', 32 bytes: input of the next key update. */
  get rekey(): Uint8Array {
    return this.#material.subarray(0, 32);
  }

  get agentToServer(): Uint8Array {
    return this.#material.subarray(32, 64);
  }

  get serverToAgent(): Uint8Array {
    return this.#material.subarray(64, 96);
  }

  wipe(): void {
    wipe(this.#material);
  }
}

/** The fields that both packets have: a fresh X25519 key, and KEM bytes where `epochHasKem` says so. */
export interface KeyUpdateFields {
  /** 32 bytes. */
  readonly key: Uint8Array;
  /** 0x07: ML-KEM-768 key (1,184 bytes); 0x08: ciphertext (1,088 bytes); undefined in other epochs. */
  readonly kem: Uint8Array | undefined;
}

/** What an agent begins a key update with. */
export interface StartKeyUpdateOptions {
  readonly crypto: Crypto;
  readonly random: Random;
  readonly suite: SuiteId;
  /** Number of the new epoch. */
  readonly epoch: number;
}

/** Agent: fields of 0x07 Key Update and the state that waits for 0x08. */
export function startKeyUpdate(options: StartKeyUpdateOptions): KeyUpdateFields & { next: AwaitKeyUpdateResponse } {
  const { crypto, random, suite, epoch } = options;
  const ephemeral = generateEphemeral(crypto, random);
  const kem = epochHasKem(suite, epoch) ? crypto.kemKeyPair(random) : undefined;
  const next = new AwaitKeyUpdateResponse({ crypto, ephemeral, kem });
  return { key: ephemeral.publicKey, kem: kem?.publicKey, next };
}

/** What a server answers 0x07 with. */
export interface AnswerKeyUpdateOptions extends StartKeyUpdateOptions {
  /** The server's static keys: borrowed. */
  readonly identity: NoiseKeyPair;
  /** The agent's static key, 32 bytes. */
  readonly agentKey: Uint8Array;
  /** rk of the running epoch, 32 bytes: borrowed; who holds it wipes it. */
  readonly rekey: Uint8Array;
  readonly fields: KeyUpdateFields;
  /** 0x07 as received, with its 4-byte header. */
  readonly updatePacket: Uint8Array;
  /** Encodes 0x08 with its 4-byte header. */
  readonly encodeResponse: (fields: KeyUpdateFields) => Uint8Array;
}

/**
 * Server: 0x08 Key Update Response, encoded, and the keys of the new epoch.
 *
 * @throws ProtocolError `E_MALFORMED` when a field has the wrong size or the KEM key is missing or out of place;
 * `E_HANDSHAKE` when a key is invalid.
 */
export function answerKeyUpdate(options: AnswerKeyUpdateOptions): { responsePacket: Uint8Array; keys: EpochKeys } {
  const { crypto, random, identity, fields } = options;
  checkFields(fields, epochHasKem(options.suite, options.epoch) ? SIZES.kemPublicKey : undefined);
  const ephemeral = generateEphemeral(crypto, random);
  const secrets: Uint8Array[] = [];
  try {
    secrets.push(crypto.x25519(ephemeral.secretKey, fields.key)); // ee
    secrets.push(crypto.x25519(identity.secretKey, fields.key)); // es
    secrets.push(crypto.x25519(ephemeral.secretKey, options.agentKey)); // se
    const kem = fields.kem === undefined ? undefined : crypto.kemEncapsulate(fields.kem, random);
    if (kem !== undefined) secrets.push(kem.sharedSecret);
    const responsePacket = options.encodeResponse({ key: ephemeral.publicKey, kem: kem?.ciphertext });
    const { rekey, updatePacket } = options;
    return { responsePacket, keys: deriveEpochKeys(crypto, { rekey, secrets, updatePacket, responsePacket }) };
  } finally {
    wipe(ephemeral.secretKey, ...secrets);
  }
}

/** What an agent ends a key update with once 0x08 has come. */
export interface FinishKeyUpdateOptions {
  /** The agent's static keys: borrowed. */
  readonly identity: NoiseKeyPair;
  /** The server's static key, 32 bytes. */
  readonly serverKey: Uint8Array;
  /** rk of the running epoch, 32 bytes: borrowed; who holds it wipes it. */
  readonly rekey: Uint8Array;
  readonly fields: KeyUpdateFields;
  /** 0x07 as sent, with its 4-byte header. */
  readonly updatePacket: Uint8Array;
  /** 0x08 as received, with its 4-byte header. */
  readonly responsePacket: Uint8Array;
}

interface Started {
  readonly crypto: Crypto;
  readonly ephemeral: NoiseKeyPair;
  readonly kem: KemKeyPair | undefined;
}

/** 0x07 was sent. Consumed by `finish`. */
export class AwaitKeyUpdateResponse {
  readonly #started: Consumable<Started>;

  constructor(started: Started) {
    this.#started = new Consumable(started);
  }

  /**
   * Agent: the keys of the new epoch.
   *
   * @throws ProtocolError as `answerKeyUpdate`; the state is wiped.
   */
  finish(options: FinishKeyUpdateOptions): EpochKeys {
    const started = this.#started.take();
    const { crypto, ephemeral, kem } = started;
    const { identity, serverKey, rekey, fields, updatePacket, responsePacket } = options;
    const secrets: Uint8Array[] = [];
    try {
      checkFields(fields, kem === undefined ? undefined : SIZES.kemCiphertext);
      secrets.push(crypto.x25519(ephemeral.secretKey, fields.key)); // ee
      secrets.push(crypto.x25519(ephemeral.secretKey, serverKey)); // es
      secrets.push(crypto.x25519(identity.secretKey, fields.key)); // se
      if (kem !== undefined && fields.kem !== undefined) secrets.push(crypto.kemDecapsulate(kem.secretKey, fields.kem));
      return deriveEpochKeys(crypto, { rekey, secrets, updatePacket, responsePacket });
    } finally {
      wipe(...secrets);
      wipeStarted(started);
    }
  }

  /** Wipes the secrets; of no effect when the state was left before. */
  abandon(): void {
    const started = this.#started.discard();
    if (started !== undefined) wipeStarted(started);
  }
}

interface EpochInputs {
  readonly rekey: Uint8Array;
  /** ee, es, se and, where the epoch has one, the KEM secret. */
  readonly secrets: readonly Uint8Array[];
  readonly updatePacket: Uint8Array;
  readonly responsePacket: Uint8Array;
}

/** §9.3: HKDF (RFC 5869) with rk as salt, bound to both packets byte for byte. */
function deriveEpochKeys(crypto: Crypto, inputs: EpochInputs): EpochKeys {
  const inputKeyMaterial = concat(...inputs.secrets);
  const pseudoRandomKey = crypto.hmacSha256(inputs.rekey, inputKeyMaterial);
  const info = concat(REKEY_LABEL, crypto.sha256(concat(inputs.updatePacket, inputs.responsePacket)));
  const material = hkdfExpand(crypto, pseudoRandomKey, info, EPOCH_KEYS_BYTES);
  wipe(inputKeyMaterial, pseudoRandomKey);
  return new EpochKeys(material);
}

/** §9.2: exact sizes; KEM bytes exactly where the epoch has them. */
function checkFields({ key, kem }: KeyUpdateFields, kemBytes: number | undefined): void {
  if (key.length !== SIZES.x25519Key || kem?.length !== kemBytes) {
    throw malformed('A key update has a field of the wrong size.');
  }
}

function wipeStarted({ ephemeral, kem }: Started): void {
  wipe(ephemeral.secretKey);
  kem?.secretKey.wipe();
}
