/**
 * ServerSession, by what it waits for:
 *
 * 1. 0x01 is judged and answered with 0x02, or refused in clear with 0x04 (`AwaitEncryptionRequest`).
 * 2. 0x03 proves who the agent is (`AwaitEncryptionFinish`): `agent-identified`.
 * 3. The owner decides (`AwaitDecision`): `accept` opens the session, `refuse` ends it with a sealed Failure.
 * 4. `Open`: key updates are answered here; the server may ask for one (docs/protocols/records.md §6).
 */
import { wipe } from '../bytes/index.ts';
import { ProtocolError, assert, type ErrorCode } from '../errors/index.ts';
import {
  AwaitEncryptionRequest,
  answerKeyUpdate,
  encodeRejected,
  type AwaitEncryptionFinish,
} from '../handshake/index.ts';
import {
  decodeEncryptionFinishPayload,
  encodeAccepted,
  encodeEncryptionResponsePayload,
  encodeGoAway,
  encodeKeyUpdateRequest,
  encodeKeyUpdateResponse,
  type KeyUpdate,
  type Packet,
} from '../packets/index.ts';
import { RECORD_FRAME_BODY_BYTES_MAX } from '../records/index.ts';
import { VERSION_RANGE, type PeerLimits, type SuiteId } from '../wire/index.ts';
import { encodedPacket } from './encoded-packet.ts';
import { ServerDeliverySession } from './server-delivery-session.ts';
import type { SessionSettings } from './session-settings.ts';
import { wireNumber } from './wire-number.ts';

/** What a server adds to the settings. */
export interface ServerSessionSettings extends SessionSettings {
  /** Signed documents that lead from earlier keys of this server to its present one; at most 4. */
  readonly successions: readonly Uint8Array[];
}

/** What the owner grants an agent that it accepts. */
export interface Acceptance {
  readonly agentId: string;
  /** 16 bytes. */
  readonly sessionId: Uint8Array;
  readonly resumed: boolean;
  readonly resumeToken: Uint8Array;
  readonly retryBaseMs: number;
  readonly retryCapMs: number;
  readonly retryWindowMs: number;
}

/** Why the server asks for a key update (0x06). */
const REASON_RECORDS = 1;
const REASON_BYTES = 2;

/** The server asks only when the agent, whose part it is, is this much late. */
const ASK_FACTOR = 2;

/**
 * A session with the server's half of the handshake, of admission and of key updates. The event `agent-identified`
 * wants `accept` or `refuse` as its answer.
 */
export class ServerSession extends ServerDeliverySession {
  readonly #server: ServerSessionSettings;
  #awaitFinish: AwaitEncryptionFinish | undefined;
  #agentKey: Uint8Array | undefined;
  #agentLimits: PeerLimits | undefined;
  #suite: SuiteId | undefined;
  #rekey: Uint8Array | undefined;
  #askedInEpoch = -1;

  constructor(settings: ServerSessionSettings, now: number) {
    super('server', 'AwaitEncryptionRequest', settings, now);
    this.#server = settings;
  }

  /** Refuses the connection in clear, in place of 0x02: a hint for the agent, no proof. */
  reject(code: ErrorCode, retryAfterMs: number): void {
    if (this.state !== 'AwaitEncryptionRequest') return;
    this.outbox.clear(encodeRejected(wireNumber(code), retryAfterMs));
    this.finish({ reason: 'failed', code, byPeer: false, retryAfterMs });
  }

  /** Admits the agent that identified itself. */
  accept(acceptance: Acceptance, now: number): void {
    if (this.state !== 'AwaitDecision') return;
    assert(this.#agentLimits !== undefined && this.#suite !== undefined, 'the agent has identified itself');
    const { pingIntervalMs, idleTimeoutMs } = this.settings.limits;
    const { agentId, sessionId, resumed, resumeToken, retryBaseMs, retryCapMs, retryWindowMs } = acceptance;
    encodeAccepted(
      this.outbox.writer(),
      sessionId,
      resumed,
      resumeToken,
      pingIntervalMs,
      idleTimeoutMs,
      retryBaseMs,
      retryCapMs,
      retryWindowMs,
      agentId,
    );
    this.open(this.#agentLimits, now);
    this.emit({
      type: 'opened',
      ...acceptance,
      suite: this.#suite,
      version: this.version,
      peerLimits: this.#agentLimits,
    });
  }

  /** Refuses the agent that identified itself. */
  refuse(code: ErrorCode, now: number, retryAfterMs = 0): void {
    if (this.state === 'AwaitDecision') this.fail(code, now, retryAfterMs);
  }

  /** Tells the agent that the server will leave, and when and where it may come back. */
  goAway(notice: {
    readonly code: ErrorCode;
    readonly comeBackAfterMs: number;
    readonly address: string | null;
    readonly drainMs: number;
  }): void {
    if (this.state !== 'Open') return;
    const { code, comeBackAfterMs, address, drainMs } = notice;
    encodeGoAway(this.outbox.writer(), wireNumber(code), comeBackAfterMs, address, drainMs);
    this.outbox.written();
  }

  protected override onHandshakeFrame(body: Uint8Array, _now: number): void {
    if (this.state === 'AwaitEncryptionRequest') this.#onEncryptionRequest(body);
    else if (this.#awaitFinish !== undefined) this.#onEncryptionFinish(body, this.#awaitFinish);
    else throw new ProtocolError('E_STATE');
  }

  protected override onRolePacket(packet: Packet, encoded: Uint8Array, now: number): void {
    if (this.state !== 'Open' || packet.id !== 0x07) throw new ProtocolError('E_STATE');
    this.#onKeyUpdate(packet, encoded, now);
  }

  protected override keyUpdateDueAt(): number {
    return Number.POSITIVE_INFINITY;
  }

  /** §6.1: asks where the agent, whose part it is, did not start an update in time. */
  protected override beforeFlush(): void {
    const { sealer, opener } = this;
    if (sealer === undefined || opener === undefined || this.#askedInEpoch === sealer.epoch) return;
    const { keyUpdateAfterRecords, keyUpdateAfterBytes } = this.settings.limits;
    const tooManyRecords = Math.max(sealer.records, opener.records) >= keyUpdateAfterRecords * ASK_FACTOR;
    const tooManyBytes = Math.max(sealer.bytes, opener.bytes) >= keyUpdateAfterBytes * ASK_FACTOR;
    if (!tooManyRecords && !tooManyBytes) return;
    this.#askedInEpoch = sealer.epoch;
    encodeKeyUpdateRequest(this.outbox.writer(), tooManyRecords ? REASON_RECORDS : REASON_BYTES);
  }

  protected override wipeSecrets(): void {
    this.#awaitFinish?.abandon();
    if (this.#rekey !== undefined) wipe(this.#rekey);
  }

  #onEncryptionRequest(body: Uint8Array): void {
    const { environment, identity, suites, versions = VERSION_RANGE, announced, build } = this.settings;
    const { crypto, random } = environment;
    const awaiting = new AwaitEncryptionRequest({ crypto, random, identity, suites, versions });
    const responds = this.#readRequest(awaiting, body);
    if (responds === undefined) return;
    const { chosen, next } = responds;
    const { response, next: awaitFinish } = next.respond((verifiedToken) =>
      encodedPacket((writer) => {
        encodeEncryptionResponsePayload(writer, {
          verifiedToken,
          frameBytesMax: RECORD_FRAME_BODY_BYTES_MAX,
          ...announced,
          capabilities: 0,
          successions: this.#server.successions,
          build,
        });
      }),
    );
    this.#suite = chosen.suite;
    this.useVersion(chosen.version);
    this.#awaitFinish = awaitFinish;
    this.outbox.clear(response);
    this.enter('AwaitEncryptionFinish');
  }

  /** Reads 0x01; where the two sides share no version or suite, 0x04 says so. */
  #readRequest(
    awaiting: AwaitEncryptionRequest,
    body: Uint8Array,
  ): ReturnType<AwaitEncryptionRequest['read']> | undefined {
    try {
      return awaiting.read(body);
    } catch (error) {
      const isHint =
        error instanceof ProtocolError &&
        (error.code === 'E_UNSUPPORTED_VERSION' || error.code === 'E_UNSUPPORTED_SUITE');
      if (!isHint) throw error;
      this.reject(error.code, 0);
      return undefined;
    }
  }

  #onEncryptionFinish(body: Uint8Array, awaiting: AwaitEncryptionFinish): void {
    this.#awaitFinish = undefined;
    const { agentKey, payload, keys } = awaiting.read(body);
    this.#rekey = keys.rekey;
    this.useRecordKeys({ seal: keys.serverToAgent, open: keys.agentToServer });
    const { agentId, instance, enrolmentToken, resumeToken, build, ...limits } = decodeEncryptionFinishPayload(payload);
    this.#agentKey = agentKey;
    this.#agentLimits = limits;
    this.enter('AwaitDecision');
    assert(this.#suite !== undefined, 'the suite was chosen');
    const suite = this.#suite;
    const { version } = this;
    this.emit({
      type: 'agent-identified',
      agentKey,
      agentId,
      instance,
      enrolmentToken,
      resumeToken,
      suite,
      version,
      build,
    });
  }

  /** §6.2: answers, seals everything before under the old key, and goes on with the new one. */
  #onKeyUpdate(update: KeyUpdate, encoded: Uint8Array, now: number): void {
    const { sealer, opener } = this;
    assert(sealer && opener && this.#rekey && this.#agentKey && this.#suite !== undefined, 'an open session has keys');
    if (opener.awaitsNextEpoch || update.epoch !== sealer.epoch + 1) throw new ProtocolError('E_STATE');
    const { crypto, random } = this.settings.environment;
    const { responsePacket, keys } = answerKeyUpdate({
      crypto,
      random,
      suite: this.#suite,
      epoch: update.epoch,
      identity: this.settings.identity,
      agentKey: this.#agentKey,
      rekey: this.#rekey,
      fields: { key: update.key, kem: update.kemKey ?? undefined },
      updatePacket: encoded,
      encodeResponse: ({ key, kem }) =>
        encodedPacket((writer) => {
          encodeKeyUpdateResponse(writer, update.epoch, key, kem ?? null);
        }),
    });
    wipe(this.#rekey);
    this.#rekey = keys.rekey;
    this.outbox.writer().bytes(responsePacket);
    this.outbox.seal();
    sealer.switchKey(keys.serverToAgent);
    opener.expectEpoch(keys.agentToServer);
    this.stateDeadlineAt = now + this.settings.limits.keyUpdateTimeoutMs;
  }

  protected override onEpochEntered(): void {
    if (this.state === 'Open') this.stateDeadlineAt = Number.POSITIVE_INFINITY;
  }
}
