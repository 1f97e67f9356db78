/**
 * AgentSession, by what it waits for:
 *
 * 1. 0x01 goes out at once (`AwaitEncryptionResponse`).
 * 2. 0x02 proves who the server is: `server-identified`; the owner answers `trust` or `distrust` (`AwaitTrust`).
 * 3. 0x03 tells who the agent is (`AwaitAccepted`); the first record is Accepted or a Failure with a reason.
 * 4. `Open`: key updates start here, before records, bytes or age reach their limit (docs/protocols/records.md §6).
 */
import { equalBytes, wipe } from '../bytes/index.ts';
import { ProtocolError, assert } from '../errors/index.ts';
import {
  type EpochKeys,
  startAgentHandshake,
  startKeyUpdate,
  readRejected,
  type AgentDecides,
  type AwaitEncryptionResponse,
  type AwaitKeyUpdateResponse,
} from '../handshake/index.ts';
import {
  decodeEncryptionResponsePayload,
  encodeEncryptionFinishPayload,
  encodeKeyUpdate,
  type Accepted,
  type KeyUpdateResponse,
  type Packet,
} from '../packets/index.ts';
import { EPOCH_NUMBER_MAX } from '../records/index.ts';
import { VERSION_RANGE, type PeerLimits, type SuiteId } from '../wire/index.ts';
import { encodedPacket } from './encoded-packet.ts';
import type { SessionSettings } from './session-settings.ts';
import { AgentDeliverySession } from './agent-delivery-session.ts';

/** What an agent says of itself, once the server is trusted. */
export interface AgentSessionSettings extends SessionSettings {
  readonly agentId: string;
  readonly instance: string;
  readonly enrolmentToken: Uint8Array | null;
  readonly resumeToken: Uint8Array | null;
}

/** A key update under way. */
interface PendingUpdate {
  readonly epoch: number;
  readonly packet: Uint8Array;
  readonly next: AwaitKeyUpdateResponse;
}

const REJECTED_PACKET_ID = 0x04;

/**
 * A session with the agent's half of the handshake, of admission and of key updates. The first frame waits to be sent
 * from the start; the event `server-identified` wants `trust` or `distrust` as its answer.
 */
export class AgentSession extends AgentDeliverySession {
  readonly #agent: AgentSessionSettings;
  #awaitResponse: AwaitEncryptionResponse | undefined;
  #decides: AgentDecides | undefined;
  #serverLimits: PeerLimits | undefined;
  #serverKey: Uint8Array | undefined;
  #suite: SuiteId | undefined;
  #rekey: Uint8Array | undefined;
  #update: PendingUpdate | undefined;
  #epochStartedAt = 0;

  constructor(settings: AgentSessionSettings, now: number) {
    super('agent', 'AwaitEncryptionResponse', settings, now);
    this.#agent = settings;
    const { crypto, random } = settings.environment;
    const { identity, suites, versions = VERSION_RANGE } = settings;
    const started = startAgentHandshake({ crypto, random, suites, versions, identity });
    this.#awaitResponse = started.next;
    this.outbox.clear(started.request);
  }

  /** The owner trusts the server: tells it who this agent is. */
  trust(now: number): void {
    if (this.state !== 'AwaitTrust') return;
    const decides = this.#decides;
    assert(decides !== undefined, 'the server has identified itself');
    const { agentId, instance, enrolmentToken, resumeToken, build, announced } = this.#agent;
    const payload = encodedPacket((writer) => {
      encodeEncryptionFinishPayload(writer, { agentId, instance, enrolmentToken, resumeToken, build, ...announced });
    });
    const { finish, keys } = decides.finish(payload);
    this.#decides = undefined;
    this.#rekey = keys.rekey;
    this.outbox.clear(finish);
    this.useRecordKeys({ seal: keys.agentToServer, open: keys.serverToAgent });
    this.enter('AwaitAccepted');
    this.#epochStartedAt = now;
  }

  /** The owner does not trust the server: ends the session, having revealed nothing of the agent. */
  distrust(): void {
    this.finish({ reason: 'failed', code: 'E_IDENTITY_CHANGED', byPeer: false, retryAfterMs: 0 });
  }

  protected override onHandshakeFrame(body: Uint8Array, _now: number): void {
    const waiting = this.#awaitResponse;
    if (waiting === undefined) throw new ProtocolError('E_STATE', 'a second Encryption Response');
    if (body[0] === REJECTED_PACKET_ID) {
      const { code, retryAfterMs } = readRejected(body);
      this.finish({ reason: 'rejected', code, byPeer: true, retryAfterMs });
      return;
    }
    const decides = waiting.read(body);
    this.#awaitResponse = undefined;
    this.#decides = decides;
    const payload = decodeEncryptionResponsePayload(decides.payload);
    if (!equalBytes(payload.verifiedToken, decides.verifyToken)) throw new ProtocolError('E_HANDSHAKE');
    this.#serverKey = decides.serverKey;
    this.#suite = decides.suite;
    this.useVersion(decides.version);
    this.#serverLimits = {
      streamWindowBytes: payload.streamWindowBytes,
      connectionWindowBytes: payload.connectionWindowBytes,
      streamsMax: payload.streamsMax,
      requestsInFlightMax: payload.requestsInFlightMax,
    };
    this.enter('AwaitTrust');
    this.emit({
      type: 'server-identified',
      serverKey: decides.serverKey,
      suite: decides.suite,
      version: decides.version,
      successions: payload.successions,
      build: payload.build,
    });
  }

  protected override onRolePacket(packet: Packet, encoded: Uint8Array, now: number): void {
    if (this.state === 'AwaitAccepted' && packet.id === 0x05) this.#onAccepted(packet, now);
    else if (this.state === 'Open' && packet.id === 0x06) this.#startUpdate(now);
    else if (packet.id === 0x08 && this.#update !== undefined)
      this.#onUpdateResponse(packet, { update: this.#update, encoded }, now);
    else if (this.state === 'Open' && packet.id === 0x0c) {
      const { code, comeBackAfterMs, address, drainMs } = packet;
      this.emit({ type: 'go-away', code: this.errorName(code), comeBackAfterMs, address, drainMs });
    } else throw new ProtocolError('E_STATE');
  }

  protected override keyUpdateDueAt(): number {
    return this.#update === undefined && this.epoch < EPOCH_NUMBER_MAX
      ? this.#epochStartedAt + this.settings.limits.keyUpdateAfterMs
      : Number.POSITIVE_INFINITY;
  }

  protected override beforeFlush(now: number): void {
    if (this.#update === undefined && this.#isUpdateDue(now)) this.#startUpdate(now);
  }

  protected override wipeSecrets(): void {
    this.#awaitResponse?.abandon();
    this.#decides?.abandon();
    this.#update?.next.abandon();
    if (this.#rekey !== undefined) wipe(this.#rekey);
  }

  #onAccepted(accepted: Accepted, now: number): void {
    assert(this.#serverLimits !== undefined && this.#suite !== undefined, 'the server has identified itself');
    this.liveness.useTimes(accepted);
    this.open(this.#serverLimits, now);
    this.emit({
      type: 'opened',
      agentId: accepted.agentId,
      sessionId: accepted.sessionId,
      resumed: accepted.resumed,
      resumeToken: accepted.resumeToken,
      retryBaseMs: accepted.retryBaseMs,
      retryCapMs: accepted.retryCapMs,
      retryWindowMs: accepted.retryWindowMs,
      suite: this.#suite,
      version: this.version,
      peerLimits: this.#serverLimits,
    });
  }

  #isUpdateDue(now: number): boolean {
    const { keyUpdateAfterRecords, keyUpdateAfterBytes, keyUpdateAfterMs } = this.settings.limits;
    const { sealer, opener } = this;
    assert(sealer !== undefined && opener !== undefined, 'an open session has keys');
    return (
      sealer.records >= keyUpdateAfterRecords ||
      opener.records >= keyUpdateAfterRecords ||
      sealer.bytes >= keyUpdateAfterBytes ||
      opener.bytes >= keyUpdateAfterBytes ||
      now - this.#epochStartedAt >= keyUpdateAfterMs
    );
  }

  /** §6.1: one update at a time; a second wish while one runs is the same wish. */
  #startUpdate(now: number): void {
    if (this.#update !== undefined || this.epoch >= EPOCH_NUMBER_MAX) return;
    assert(this.#suite !== undefined, 'an open session has a suite');
    const { crypto, random } = this.settings.environment;
    const epoch = this.epoch + 1;
    const { key, kem, next } = startKeyUpdate({ crypto, random, suite: this.#suite, epoch });
    const packet = encodedPacket((writer) => {
      encodeKeyUpdate(writer, epoch, key, kem ?? null);
    });
    this.#update = { epoch, packet, next };
    this.stateDeadlineAt = now + this.settings.limits.keyUpdateTimeoutMs;
    this.outbox.writer().bytes(packet);
    this.outbox.written();
  }

  /** §6.3: both directions move to the next epoch; a ping lets the server see it at once. */
  #onUpdateResponse(
    response: KeyUpdateResponse,
    { update, encoded }: { readonly update: PendingUpdate; readonly encoded: Uint8Array },
    now: number,
  ): void {
    const isLast = this.settings.environment.reader.next() === undefined;
    if (response.epoch !== update.epoch || !isLast) throw new ProtocolError('E_STATE');
    const { sealer, opener } = this;
    assert(sealer && opener && this.#rekey && this.#serverKey, 'an open session has keys');
    this.#update = undefined;
    const keys: EpochKeys = update.next.finish({
      identity: this.settings.identity,
      serverKey: this.#serverKey,
      rekey: this.#rekey,
      fields: { key: response.key, kem: response.kemCiphertext ?? undefined },
      updatePacket: update.packet,
      responsePacket: encoded,
    });
    wipe(this.#rekey);
    this.#rekey = keys.rekey;
    this.outbox.seal();
    sealer.switchKey(keys.agentToServer);
    opener.enterEpoch(keys.serverToAgent);
    this.#epochStartedAt = now;
    if (this.state !== 'Open') return;
    this.stateDeadlineAt = Number.POSITIVE_INFINITY;
    this.emit({ type: 'key-updated', epoch: sealer.epoch });
    this.sendPing(now);
  }
}
