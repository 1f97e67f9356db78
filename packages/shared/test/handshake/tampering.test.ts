/** The handshake under attack: altered bytes, edited offers, impostors, invalid points, reflected and cut bodies. */
import { describe, expect, it } from '@jest/globals';
import { concat, utf8Encode } from '../../src/bytes/index.ts';
import type { Crypto } from '../../src/crypto/index.ts';
import { nativeCrypto } from '../../src/crypto-native/index.ts';
import { ProtocolError, type ErrorCode } from '../../src/errors/index.ts';
import { AwaitEncryptionRequest, startAgentHandshake } from '../../src/handshake/index.ts';
import { SUITE, type SuiteId } from '../../src/wire/index.ts';
import { HandshakeState } from '../../src/handshake/noise/handshake-state.ts';
import {
  AGENT_IDENTITY,
  agentOptions,
  bound,
  CRYPTOS,
  encodeResponsePayload,
  flipBit,
  handshake,
  keyPair,
  LOW_ORDER_POINTS,
  overwrite,
  seededRandom,
  SERVER_IDENTITY,
  serverOptions,
  thrownBy,
  type Spoil,
} from './peers.ts';

type BodyName = keyof Spoil;

const HEADER_BYTES: Readonly<Record<BodyName, number>> = { request: 7, response: 3, finish: 1 };
const BODY_NAMES = Object.keys(HEADER_BYTES) as BodyName[];

function only(suite: SuiteId): { suites: SuiteId[] } {
  return { suites: [suite] };
}

/** Runs a handshake that must fail as the peer's fault, and gives the code. */
function failure(spoil: Spoil, agent = agentOptions(), server = serverOptions()): ErrorCode {
  const error = thrownBy(() => handshake(agent, server, spoil));
  if (!(error instanceof ProtocolError)) throw error;
  return error.code;
}

describe('altered bytes', () => {
  describe.each([
    { suite: SUITE.hybrid, name: 'hybrid' },
    { suite: SUITE.classical, name: 'classical' },
  ])('$name suite', ({ suite }) => {
    it.each(BODY_NAMES)(
      'B1 B3 2.1.2 T12: any one bit of the %s makes the handshake fail',
      (name) => {
        const size = handshake(agentOptions(only(suite)), serverOptions(only(suite))).bodies[name].length;
        const pick = seededRandom(`bits of ${name}`);
        for (let offset = 0; offset < size; offset++) {
          const bits = offset < HEADER_BYTES[name] ? [0, 1, 2, 3, 4, 5, 6, 7] : [pick(1)[0]! & 7];
          for (const bit of bits) {
            const spoil: Spoil = { [name]: (body: Uint8Array) => flipBit(body, offset, bit) };
            // Both sides allow both suites and more versions, so that an edited header does not fail for being refused.
            const agent = agentOptions({ ...only(suite), versions: { min: 1, max: 200 } });
            const server = serverOptions({ versions: { min: 1, max: 200 } });
            expect(failure(spoil, agent, server)).toMatch(
              /^E_(HANDSHAKE|MALFORMED|STATE|UNSUPPORTED_(SUITE|VERSION))$/,
            );
          }
        }
      },
      120_000,
    );
  });
});

describe('T12 2.4.4: downgrade', () => {
  /** The offer of both suites, edited to the classical one alone. */
  const classicalOnly = (request: Uint8Array): Uint8Array =>
    concat(request.subarray(0, 3), Uint8Array.of(2, 0, 0, 0), request.subarray(7, 39), request.subarray(-8));

  it('an offer edited to the weaker suite fails at the agent, although it offered that suite too', () => {
    expect(new AwaitEncryptionRequest(serverOptions()).read(classicalOnly(offer())).chosen.suite).toBe(SUITE.classical);
    expect(failure({ request: classicalOnly })).toBe('E_HANDSHAKE');
  });

  it('the order of the offer is bound as well', () => {
    expect(failure({ request: (body) => overwrite(body, 3, Uint8Array.of(2, 1)) })).toBe('E_HANDSHAKE');
  });

  it('a narrowed range of versions fails at the agent', () => {
    const versions = { min: 1, max: 3 };
    const spoil: Spoil = { request: (body) => overwrite(body, 2, Uint8Array.of(1)) };
    expect(failure(spoil, agentOptions({ versions }), serverOptions({ versions }))).toBe('E_HANDSHAKE');
  });

  it('an edited choice fails: not offered, out of range, or not what the server sealed', () => {
    const versions = { min: 1, max: 3 };
    const edit = (...bytes: number[]): Spoil => ({ response: (body) => overwrite(body, 1, Uint8Array.of(...bytes)) });
    expect(failure(edit(1, 2))).toBe('E_HANDSHAKE');
    expect(failure(edit(1, 2), agentOptions(only(SUITE.hybrid)))).toBe('E_UNSUPPORTED_SUITE');
    expect(failure(edit(4, 1))).toBe('E_UNSUPPORTED_VERSION');
    expect(failure(edit(2, 1), agentOptions({ versions }), serverOptions({ versions }))).toBe('E_HANDSHAKE');
  });
});

describe('impostors', () => {
  const offerOf = (request: Uint8Array, response: Uint8Array): Uint8Array =>
    concat(utf8Encode('sealane/1'), request, response.subarray(0, 3));

  /** A classical server written from the specification alone, with a prologue of its own choosing. */
  function foreignServer(
    request: Uint8Array,
    prologue: (request: Uint8Array, header: Uint8Array) => Uint8Array,
  ): Uint8Array {
    const header = Uint8Array.of(2, 1, SUITE.classical);
    const noise = new HandshakeState({
      crypto: nativeCrypto,
      random: seededRandom('foreign'),
      pattern: 'XX',
      role: 'responder',
      prologue: prologue(request, header),
      staticKeys: SERVER_IDENTITY,
    });
    const token = noise.readMessage(concat(request.subarray(7, 39), request.subarray(-8)));
    return concat(header, noise.writeMessage(encodeResponsePayload(token)));
  }

  it('T16: another prologue fails; the same peer with the right one is understood', () => {
    const right = startAgentHandshake(agentOptions());
    expect(right.next.read(foreignServer(right.request, offerOf)).serverKey).toEqual(SERVER_IDENTITY.publicKey);
    for (const label of ['sealane/2', 'sealane', '']) {
      const { request, next } = startAgentHandshake(agentOptions());
      const prologue = (sent: Uint8Array, header: Uint8Array): Uint8Array => concat(utf8Encode(label), sent, header);
      expect(thrownBy(() => next.read(foreignServer(request, prologue)))).toMatchObject({ code: 'E_HANDSHAKE' });
    }
  });

  it('B4 2.0.3 2.1.1 2.4.1 T5: a server cannot prove a key whose secret it does not hold', () => {
    const stolen = { publicKey: SERVER_IDENTITY.publicKey, secretKey: keyPair('attacker').secretKey };
    expect(failure({}, agentOptions(), serverOptions({ identity: stolen }))).toBe('E_HANDSHAKE');
  });

  it('B4 2.1.1: a man in the middle shows its own key, never the server’s', () => {
    const attacker = keyPair('attacker');
    const { request, next } = startAgentHandshake(agentOptions());
    const { next: responds } = new AwaitEncryptionRequest(serverOptions({ identity: attacker })).read(request);
    expect(next.read(responds.respond(encodeResponsePayload).response).serverKey).toEqual(attacker.publicKey);
  });

  it('B5 2.4.1: an agent cannot prove a key whose secret it does not hold', () => {
    const stolen = { publicKey: AGENT_IDENTITY.publicKey, secretKey: keyPair('attacker').secretKey };
    expect(failure({}, agentOptions({ identity: stolen }))).toBe('E_HANDSHAKE');
  });

  it('B6: bodies of an earlier session are refused in a later one', () => {
    const { bodies } = handshake(agentOptions(), serverOptions());
    const later = agentOptions({ random: seededRandom('later agent') });
    const laterServer = serverOptions({ random: seededRandom('later server') });
    expect(failure({ response: () => bodies.response }, later, laterServer)).toBe('E_HANDSHAKE');
    expect(failure({ finish: () => bodies.finish }, later, laterServer)).toBe('E_HANDSHAKE');
    // A replayed 0x01 gets an answer, which is of no use without the ephemeral secret behind it.
    expect(failure({ request: () => bodies.request }, later, laterServer)).toBe('E_HANDSHAKE');
  });
});

describe('T13: reflection', () => {
  it('own bodies sent back are refused on both sides', () => {
    const { request, next } = startAgentHandshake(agentOptions());
    expect(thrownBy(() => next.read(request))).toMatchObject({ code: 'E_STATE' });
    const { response, next: awaitFinish } = new AwaitEncryptionRequest(serverOptions())
      .read(request)
      .next.respond(encodeResponsePayload);
    expect(thrownBy(() => awaitFinish.read(response))).toMatchObject({ code: 'E_STATE' });
  });

  it('B3: reflections with the id that is waited for fail as well', () => {
    const relabel = (body: Uint8Array, id: number): Uint8Array => overwrite(body, 0, Uint8Array.of(id));
    const { request, next } = startAgentHandshake(agentOptions());
    const asResponse = concat(Uint8Array.of(2, 1, SUITE.hybrid), request.subarray(7));
    expect(thrownBy(() => next.read(asResponse))).toMatchObject({ code: 'E_HANDSHAKE' });
    let response: Uint8Array = request;
    const keep = (body: Uint8Array): Uint8Array => (response = body);
    expect(failure({ response: keep, finish: () => relabel(response, 3) })).toBe('E_HANDSHAKE');
    const { agent } = handshake(agentOptions(), serverOptions());
    expect(agent.agentToServer).not.toEqual(agent.serverToAgent);
  });
});

describe.each(CRYPTOS.map((crypto) => ({ crypto, name: crypto.name })))('invalid keys, $name', ({ crypto }) => {
  const options = { crypto };

  it('B12 2.1.3: low-order and all-zero ephemeral points fail in 0x01 and in 0x02', () => {
    const points = crypto.name === 'native' ? LOW_ORDER_POINTS : LOW_ORDER_POINTS.slice(0, 2);
    for (const suite of Object.values(SUITE)) {
      const agent = (): ReturnType<typeof agentOptions> => agentOptions({ ...options, ...only(suite) });
      for (const point of points) {
        const at = (offset: number) => (body: Uint8Array) => overwrite(body, offset, point);
        expect(failure({ request: at(7) }, agent(), serverOptions(options))).toBe('E_HANDSHAKE');
        expect(failure({ response: at(3) }, agent(), serverOptions(options))).toBe('E_HANDSHAKE');
      }
    }
  });

  it('B12 2.1.3: the server refuses a low-order key itself, before it answers', () => {
    const request = overwrite(offer(), 7, LOW_ORDER_POINTS[0]!);
    const { next } = new AwaitEncryptionRequest(serverOptions(options)).read(request);
    expect(thrownBy(() => next.respond(encodeResponsePayload))).toMatchObject({ code: 'E_HANDSHAKE' });
  });

  it('B12: low-order static keys fail in 0x02 and 0x03, also when the peer computes the zero secret along', () => {
    for (const publicKey of LOW_ORDER_POINTS.slice(0, 3)) {
      const identity = { publicKey, secretKey: new Uint8Array(32).fill(1) };
      const evil: Crypto = {
        ...bound(crypto),
        x25519: (secretKey, peer) =>
          secretKey === identity.secretKey ? new Uint8Array(32) : crypto.x25519(secretKey, peer),
      };
      expect(failure({}, agentOptions(options), serverOptions({ crypto: evil, identity }))).toBe('E_HANDSHAKE');
      expect(failure({}, agentOptions({ crypto: evil, identity }), serverOptions(options))).toBe('E_HANDSHAKE');
    }
  });

  it('B12: an ML-KEM key with a coefficient of 3,329 or more is refused by the server (FIPS 203 §7.2)', () => {
    for (const offset of [39, 39 + 576, 39 + 1_149]) {
      const request = overwrite(offer(), offset, Uint8Array.of(0xff, 0xff, 0xff));
      const { next } = new AwaitEncryptionRequest(serverOptions(options)).read(request);
      expect(thrownBy(() => next.respond(encodeResponsePayload))).toMatchObject({ code: 'E_HANDSHAKE' });
    }
  });
});

describe('A12 2.1.9: cut, lengthened and misplaced bodies', () => {
  it('every shorter and some longer forms of 0x02 and 0x03 are refused', () => {
    const { bodies } = handshake(agentOptions(), serverOptions());
    for (const name of ['response', 'finish'] as const) {
      const body = bodies[name];
      for (let size = 0; size < body.length; size += size < 64 || size > body.length - 64 ? 1 : 37) {
        expect(failure({ [name]: () => body.slice(0, size) })).toMatch(/^E_(MALFORMED|HANDSHAKE)$/);
      }
      for (const extra of [1, 16, 500]) {
        expect(failure({ [name]: () => concat(body, new Uint8Array(extra)) })).toBe('E_HANDSHAKE');
      }
      expect(failure({ [name]: () => overwrite(new Uint8Array(4_097), 0, body) })).toBe('E_TOO_LARGE');
    }
  });

  it('a packet of another id is refused by every state', () => {
    for (const [id, code] of [
      [1, 'E_STATE'],
      [2, 'E_STATE'],
      [3, 'E_STATE'],
      [4, 'E_STATE'],
      [0, 'E_MALFORMED'],
      [5, 'E_MALFORMED'],
      [71, 'E_MALFORMED'],
    ] as const) {
      const relabel = (body: Uint8Array): Uint8Array => overwrite(body, 0, Uint8Array.of(id));
      if (id !== 1) expect(failure({ request: relabel })).toBe(code);
      if (id !== 2) expect(failure({ response: relabel })).toBe(code);
      if (id !== 3) expect(failure({ finish: relabel })).toBe(code);
    }
  });
});

function offer(): Uint8Array {
  return startAgentHandshake(agentOptions()).request;
}
