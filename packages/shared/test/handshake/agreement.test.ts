/** The handshake between honest peers: what they agree on, what they choose, what they leave behind. */
import { inspect } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import { equalBytes, toHex } from '../../src/bytes/index.ts';
import type { Crypto } from '../../src/crypto/index.ts';
import { nativeCrypto } from '../../src/crypto-native/index.ts';
import {
  AwaitEncryptionRequest,
  FINISH_PAYLOAD_BYTES_MAX,
  HANDSHAKE_BODY_BYTES_MAX,
  RESPONSE_PAYLOAD_BYTES_MAX,
  startAgentHandshake,
  type SessionKeys,
} from '../../src/handshake/index.ts';
import { SUITE, type SuiteId } from '../../src/wire/index.ts';
import {
  AGENT_IDENTITY,
  agentOptions,
  CRYPTO_PAIRS,
  CRYPTOS,
  encodeResponsePayload,
  FINISH_PAYLOAD,
  handshake,
  recordingCrypto,
  seededRandom,
  SERVER_IDENTITY,
  serverOptions,
} from './peers.ts';

const secretsOf = (keys: SessionKeys): readonly Uint8Array[] => [keys.agentToServer, keys.serverToAgent, keys.rekey];
const isZero = (bytes: Uint8Array): boolean => bytes.every((byte) => byte === 0);
const SUITE_CASES = [
  { suite: SUITE.hybrid, name: 'hybrid', sizes: [1_231, 3 + 32 + 1_104 + 48] },
  { suite: SUITE.classical, name: 'classical', sizes: [47, 3 + 32 + 48] },
] as const;

describe('honest peers', () => {
  describe.each(CRYPTO_PAIRS)('agent $left.name, server $right.name', ({ left, right }) => {
    it.each(SUITE_CASES)('B2 B3 B4 B5: agree under the $name suite', ({ suite, sizes }) => {
      const done = handshake(
        agentOptions({ crypto: left, suites: [suite] }),
        serverOptions({ crypto: right, suites: [suite] }),
      );
      expect(done.serverKey).toEqual(SERVER_IDENTITY.publicKey);
      expect(done.agentKey).toEqual(AGENT_IDENTITY.publicKey);
      expect(done.responsePayload).toEqual(encodeResponsePayload(done.verifyToken));
      expect(equalBytes(done.responsePayload.subarray(0, 8), done.bodies.request.subarray(-8))).toBe(true);
      expect(done.finishPayload).toEqual(FINISH_PAYLOAD);
      expect(secretsOf(done.agent).map(toHex)).toEqual(secretsOf(done.server).map(toHex));
      expect(new Set(secretsOf(done.agent).map(toHex)).size).toBe(3);
      expect(done.agent.handshakeHash).toEqual(done.server.handshakeHash);
      expect([done.agent.suite, done.agent.version, done.server.suite, done.server.version]).toEqual([
        suite,
        1,
        suite,
        1,
      ]);
      expect(done.bodies.request).toHaveLength(sizes[0]);
      expect(done.bodies.response).toHaveLength(sizes[1] + done.responsePayload.length + 16);
      expect(done.bodies.finish).toHaveLength(1 + 48 + FINISH_PAYLOAD.length + 16);
    });
  });

  it('B2 2.0.1: two sessions of the same identities share no key', () => {
    const first = handshake(agentOptions(), serverOptions());
    const second = handshake(agentOptions({ random: seededRandom('other') }), serverOptions());
    const all = [first, second].flatMap((done) => [...secretsOf(done.agent), done.agent.handshakeHash]);
    expect(new Set(all.map(toHex)).size).toBe(8);
  });

  it('B5: neither identity travels in clear', () => {
    const { bodies } = handshake(agentOptions(), serverOptions());
    const wire = Object.values(bodies).map(toHex).join('');
    expect(wire).not.toContain(toHex(AGENT_IDENTITY.publicKey));
    expect(wire).not.toContain(toHex(SERVER_IDENTITY.publicKey));
    expect(wire).not.toContain(toHex(FINISH_PAYLOAD));
  });

  it.each<{ agent: SuiteId[]; server: SuiteId[]; chosen: SuiteId }>([
    { agent: [2, 1], server: [1, 2], chosen: 1 },
    { agent: [1, 2], server: [2, 1], chosen: 2 },
    { agent: [1, 2], server: [2], chosen: 2 },
    { agent: [2], server: [1, 2], chosen: 2 },
  ])('B9: the server’s preference decides: agent $agent, server $server', ({ agent, server, chosen }) => {
    const done = handshake(agentOptions({ suites: agent }), serverOptions({ suites: server }));
    expect(done.agent.suite).toBe(chosen);
    expect(secretsOf(done.agent).map(toHex)).toEqual(secretsOf(done.server).map(toHex));
  });

  it('B9 2.1.22: no common suite or version is an error of its own name, before any cryptography', () => {
    const refuse = (): never => {
      throw new Error('cryptography before the checks');
    };
    const idle: Crypto = { ...recordingCrypto(nativeCrypto).crypto, x25519: refuse, x25519PublicKey: refuse };
    const idler: Crypto = { ...idle, kemEncapsulate: refuse, hmacSha256: refuse, sha256: refuse };
    const offer = startAgentHandshake(agentOptions({ suites: [SUITE.classical] })).request;
    const server = serverOptions({ crypto: idler, suites: [SUITE.hybrid] });
    expect(() => new AwaitEncryptionRequest(server).read(offer)).toThrow(
      expect.objectContaining({ code: 'E_UNSUPPORTED_SUITE' }),
    );
    const newer = serverOptions({ crypto: idler, versions: { min: 2, max: 3 } });
    expect(() => new AwaitEncryptionRequest(newer).read(offer)).toThrow(
      expect.objectContaining({ code: 'E_UNSUPPORTED_VERSION' }),
    );
    const both = serverOptions({ crypto: idler });
    expect(new AwaitEncryptionRequest(both).read(offer).chosen).toEqual({ version: 1, suite: SUITE.classical });
  });

  it('B13: the highest common version is chosen', () => {
    const done = handshake(
      agentOptions({ versions: { min: 1, max: 7 } }),
      serverOptions({ versions: { min: 1, max: 3 } }),
    );
    expect(done.agent.version).toBe(3);
  });

  it('an offer that cannot be made is the caller’s mistake', () => {
    expect(() => startAgentHandshake(agentOptions({ suites: [] }))).toThrow(RangeError);
    expect(() => startAgentHandshake(agentOptions({ suites: [1, 1] }))).toThrow(RangeError);
    expect(() => startAgentHandshake(agentOptions({ versions: { min: 0, max: 1 } }))).toThrow(RangeError);
    expect(() => startAgentHandshake(agentOptions({ versions: { min: 1, max: 256 } }))).toThrow(RangeError);
  });

  it('A12: payloads fit exactly up to their limits', () => {
    const { request, next } = startAgentHandshake(agentOptions());
    const largest = new Uint8Array(RESPONSE_PAYLOAD_BYTES_MAX);
    const { response, next: awaitFinish } = new AwaitEncryptionRequest(serverOptions())
      .read(request)
      .next.respond(() => largest);
    expect(response).toHaveLength(HANDSHAKE_BODY_BYTES_MAX);
    const decides = next.read(response);
    expect(() => decides.finish(new Uint8Array(FINISH_PAYLOAD_BYTES_MAX + 1))).toThrow(RangeError);
    const { finish } = decides.finish(new Uint8Array(FINISH_PAYLOAD_BYTES_MAX));
    expect(finish).toHaveLength(HANDSHAKE_BODY_BYTES_MAX);
    expect(awaitFinish.read(finish).payload).toHaveLength(FINISH_PAYLOAD_BYTES_MAX);
    const tooLong = new AwaitEncryptionRequest(serverOptions()).read(request).next;
    expect(() => tooLong.respond(() => new Uint8Array(RESPONSE_PAYLOAD_BYTES_MAX + 1))).toThrow(RangeError);
  });

  it('bodies are borrowed: a Buffer reused by its owner changes nothing', () => {
    const reused = (body: Uint8Array): Buffer => Buffer.from(body);
    const { request, next } = startAgentHandshake(agentOptions());
    const first = reused(request);
    const { next: responds } = new AwaitEncryptionRequest(serverOptions()).read(first);
    first.fill(0);
    const { response, next: awaitFinish } = responds.respond(encodeResponsePayload);
    const second = reused(response);
    const decides = next.read(second);
    second.fill(0);
    expect(decides.payload).toEqual(encodeResponsePayload(decides.verifyToken));
    expect(decides.serverKey).toEqual(SERVER_IDENTITY.publicKey);
    const third = reused(decides.finish(FINISH_PAYLOAD).finish);
    const finished = awaitFinish.read(third);
    third.fill(0);
    expect(finished.payload).toEqual(FINISH_PAYLOAD);
    expect(finished.agentKey).toEqual(AGENT_IDENTITY.publicKey);
  });

  it('every state is left once', () => {
    const { request, next } = startAgentHandshake(agentOptions());
    const awaitRequest = new AwaitEncryptionRequest(serverOptions());
    const { next: responds } = awaitRequest.read(request);
    expect(() => awaitRequest.read(request)).toThrow(TypeError);
    const { response, next: awaitFinish } = responds.respond(encodeResponsePayload);
    expect(() => responds.respond(encodeResponsePayload)).toThrow(TypeError);
    const decides = next.read(response);
    expect(() => next.read(response)).toThrow(TypeError);
    const { finish } = decides.finish(FINISH_PAYLOAD);
    expect(() => decides.finish(FINISH_PAYLOAD)).toThrow(TypeError);
    awaitFinish.read(finish);
    expect(() => awaitFinish.read(finish)).toThrow(TypeError);
    for (const state of [next, decides, awaitFinish]) expect(() => state.abandon()).not.toThrow();
  });

  it('2.1.23: printing states and keys shows no bytes', () => {
    const { request, next } = startAgentHandshake(agentOptions());
    const { agent } = handshake(agentOptions(), serverOptions());
    const secrets = [...secretsOf(agent), AGENT_IDENTITY.secretKey, seededRandom('agent')(32)];
    const states: readonly unknown[] = [agent, next, new AwaitEncryptionRequest(serverOptions()).read(request).next];
    for (const printed of states) {
      const texts = [inspect(printed, { depth: 9, showHidden: true }), JSON.stringify(printed)];
      for (const text of texts) {
        for (const secret of secrets) {
          expect(text).not.toContain(toHex(secret));
          expect(text).not.toContain([...secret.subarray(0, 6)].join(', '));
          expect(text).not.toContain([...secret.subarray(0, 6)].join(','));
        }
      }
    }
    expect(inspect(agent)).toBe('SessionKeys { version: 1, suite: 1 }');
  });
});

describe.each(CRYPTOS.map((crypto) => ({ crypto, name: crypto.name })))('wiping, $name', ({ crypto }) => {
  it('B2: a finished handshake leaves the session keys alone, and wiping them leaves nothing', () => {
    const { crypto: recording, secrets } = recordingCrypto(crypto);
    const options = { crypto: recording };
    const done = handshake(agentOptions(options), serverOptions(options));
    const kept = new Set([...secretsOf(done.agent), ...secretsOf(done.server)]);
    const alive = secrets.filter((secret) => !isZero(secret) && !kept.has(secret));
    expect(alive).toEqual([]);
    expect(secrets.length).toBeGreaterThan(30);
    done.agent.wipe();
    done.server.wipe();
    expect([...kept].every(isZero)).toBe(true);
  });

  it('B2: a failed or abandoned handshake leaves nothing', () => {
    const { crypto: recording, secrets } = recordingCrypto(crypto);
    const options = { crypto: recording };
    const failed = startAgentHandshake(agentOptions(options)).next;
    expect(() => failed.read(Uint8Array.of(2, 1, 1))).toThrow(expect.objectContaining({ code: 'E_MALFORMED' }));
    const started = startAgentHandshake(agentOptions(options));
    started.next.abandon();
    expect(() => started.next.read(Uint8Array.of(2))).toThrow(TypeError);
    expect(secrets.length).toBeGreaterThanOrEqual(2);
    expect(secrets.every(isZero)).toBe(true);

    const { request, next } = startAgentHandshake(agentOptions(options));
    const { response, next: awaitFinish } = new AwaitEncryptionRequest(serverOptions())
      .read(request)
      .next.respond(encodeResponsePayload);
    next.read(response).abandon();
    awaitFinish.abandon();
    expect(secrets.every(isZero)).toBe(true);
    expect(isZero(AGENT_IDENTITY.secretKey)).toBe(false);
  });
});
