/** Whole sessions behind a valid key: every packet, in both directions, in every state in which packets come. */
import { concat } from '../../src/bytes/index.ts';
import { PACKET_INFO } from '../../src/packets/index.ts';
import type { SessionState } from '../../src/session/index.ts';
import type { FuzzDecoder } from '../../src/testing/index.ts';
import { packetVectors, wireOf } from '../vectors/packets-file.ts';
import { packetWithId, pairIn, peerOf } from '../evil/states.ts';
import { endOf, eventsOf, sealRaw, type Side } from '../session/peers.ts';

const STATES: Readonly<Record<Side, readonly SessionState[]>> = {
  server: ['AwaitDecision', 'Open', 'AwaitClose'],
  agent: ['AwaitAccepted', 'Open', 'AwaitClose'],
};
const SEED_BYTES_MAX = 512;
/** Records of one input: what stands between two of these bytes. */
const RECORD_END = 0xc1;
const TIMEOUTS_MAX = 20;

/** Every known packet; vectors that tell of limits; some packets in a row. */
function seedsFor(side: Side): readonly Uint8Array[] {
  const known = Object.keys(PACKET_INFO).map((id) => packetWithId(Number(id), side));
  const vectors = packetVectors.packets
    .flatMap(({ valid }) => valid.slice(0, 2).map(({ wire }) => wireOf(wire)))
    .filter(({ length }) => length <= SEED_BYTES_MAX);
  const rows = [0, 7, 14, 21].map((start) => concat(...known.slice(start, start + 7)));
  return [...known, ...vectors, ...rows].map((packets) => concat(Uint8Array.of(1), packets));
}

/** The first byte names the state; the others are plaintexts of records that the peer seals with its valid key. */
function sessionDecoder(side: Side): FuzzDecoder {
  return {
    name: `session-of-${side}`,
    seeds: () => seedsFor(side),
    decode(input) {
      const states = STATES[side];
      const pair = pairIn(side, states[(input[0] ?? 0) % states.length] ?? 'Open');
      const session = pair[side];
      const peer = pair[peerOf(side)];
      for (const plaintext of recordsOf(input.subarray(1))) {
        session.receive(sealRaw(peer, plaintext), pair.now);
        session.flush(pair.now);
        session.takeOutput();
      }
      const { state } = session;
      const end = endOf(eventsOf(session));
      if ((state === 'Closed') !== (end !== undefined)) throw new Error(`${state} without its end`);
      for (let left = TIMEOUTS_MAX; left > 0 && session.state !== 'Closed'; left--) {
        session.timeout(session.wantsTimeoutAt);
        session.flush(session.wantsTimeoutAt);
      }
      return end === undefined ? 'ok' : `${end.reason} ${end.code}`;
    },
  };
}

function* recordsOf(bytes: Uint8Array): Generator<Uint8Array> {
  let start = 0;
  while (start < bytes.length) {
    const mark = bytes.indexOf(RECORD_END, start);
    const end = mark < 0 ? bytes.length : mark;
    if (end > start) yield bytes.slice(start, end);
    start = end + 1;
  }
}

export const SESSION_DECODERS: readonly FuzzDecoder[] = [sessionDecoder('server'), sessionDecoder('agent')];
