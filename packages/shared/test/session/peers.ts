/** Peers for session tests: pairs with native crypto, and a peer that seals whatever it likes with valid keys. */
import { ByteWriter, concat } from '../../src/bytes/index.ts';
import { nativeCrypto } from '../../src/crypto-native/index.ts';
import type { RecordOpener, RecordSealer } from '../../src/records/index.ts';
import type { ClosedEvent, Session, SessionEvent, SessionSettings } from '../../src/session/index.ts';
import type { Outbox } from '../../src/session/outbox.ts';
import { SessionPair, type SessionPairOptions } from '../../src/testing/index.ts';
import {
  DEFAULT_PEER_LIMITS,
  DEFAULT_SESSION_LIMITS,
  type PeerLimits,
  type SessionLimits,
} from '../../src/wire/index.ts';

export type Side = 'agent' | 'server';

export const SIDES: readonly Side[] = ['agent', 'server'];

export const otherSide = (side: Side): Side => (side === 'agent' ? 'server' : 'agent');

export const bytesOfText = (text: string): Uint8Array => new TextEncoder().encode(text);

/** A request as a session sends it. */
export const REQUEST = {
  name: 'echo',
  body: new Uint8Array(0),
  contentType: null,
  timeoutMs: 5_000,
  to: null,
  from: null,
} as const;

/** A pair with native crypto, whose both sides keep these limits. */
export function nativePair(
  options: SessionPairOptions & {
    readonly limits?: Partial<SessionLimits>;
    readonly announced?: Partial<PeerLimits>;
  } = {},
): SessionPair {
  const both: Partial<SessionSettings> = {
    limits: { ...DEFAULT_SESSION_LIMITS, ...options.limits },
    announced: { ...DEFAULT_PEER_LIMITS, ...options.announced },
  };
  return new SessionPair({
    agentCrypto: nativeCrypto,
    serverCrypto: nativeCrypto,
    ...options,
    agent: { ...both, ...options.agent },
    server: { ...both, ...options.server },
  });
}

/** An open pair with native crypto, its events so far forgotten. */
export function openPair(options: Parameters<typeof nativePair>[0] = {}): SessionPair {
  const pair = nativePair(options).run();
  pair.agentEvents.length = 0;
  pair.serverEvents.length = 0;
  pair.wire.length = 0;
  return pair;
}

/** What a session keeps to itself: tests reach for it to play a peer that breaks rules with valid keys. */
export interface SessionInside {
  sealer: RecordSealer | undefined;
  opener: RecordOpener | undefined;
  readonly outbox: Outbox;
  settings: SessionSettings;
}

export const inside = (session: Session): SessionInside => session as unknown as SessionInside;

/** Changes limits of a session that runs. */
export function changeLimits(session: Session, limits: Partial<SessionLimits>): void {
  const { settings } = inside(session);
  inside(session).settings = { ...settings, limits: { ...settings.limits, ...limits } };
}

/** One record that `session` seals over any plaintext at all. */
export function sealRaw(session: Session, plaintext: Uint8Array): Uint8Array {
  const pieces: Uint8Array[] = [];
  inside(session).sealer!.seal(plaintext, pieces);
  return concat(...pieces);
}

/** The bytes of packets. */
export function packets(encode: (writer: ByteWriter) => void): Uint8Array {
  const writer = new ByteWriter();
  encode(writer);
  return writer.toBytes();
}

/** `from` seals these packets although its own session knows nothing of them; the other side receives them. */
export function forge(pair: SessionPair, from: Side, encode: (writer: ByteWriter) => void): void {
  pair[otherSide(from)].receive(sealRaw(pair[from], packets(encode)), pair.now);
}

/** Takes out the waiting events. */
export function eventsOf(session: Session): SessionEvent[] {
  const events: SessionEvent[] = [];
  for (let event = session.nextEvent(); event !== undefined; event = session.nextEvent()) events.push(event);
  return events;
}

/** How a session ended, or undefined; the end is one event, the last. */
export function endOf(events: readonly SessionEvent[]): ClosedEvent | undefined {
  const ends = events.filter((event): event is ClosedEvent => event.type === 'closed');
  if (ends.length > 1) throw new Error('a session ended twice');
  if (ends.length === 1 && events.at(-1) !== ends[0]) throw new Error('something followed the end of a session');
  return ends[0];
}
