/** Arbitrary and mutated bytes into every state that reads: nothing but ProtocolError may come out. */
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { ProtocolError } from '../../src/errors/index.ts';
import { AwaitEncryptionRequest, readRejected, startAgentHandshake } from '../../src/handshake/index.ts';
import { agentOptions, encodeResponsePayload, FINISH_PAYLOAD, handshake, serverOptions } from './peers.ts';

const honest = handshake(agentOptions(), serverOptions()).bodies;

/** What a stranger may send: noise, noise behind the right id, or an honest body with pieces replaced, cut or repeated. */
const hostile = (body: Uint8Array): fc.Arbitrary<Uint8Array> =>
  fc.oneof(
    fc.uint8Array({ maxLength: 4_200 }),
    fc.uint8Array({ maxLength: 4_200 }).map((noise) => Uint8Array.of(...body.subarray(0, 7), ...noise)),
    fc
      .tuple(fc.nat(body.length), fc.uint8Array({ minLength: 1, maxLength: 64 }), fc.nat(body.length))
      .map(([offset, piece, end]) => Uint8Array.of(...body.subarray(0, offset), ...piece, ...body.subarray(end))),
  );

/** Fails unless `act` throws a ProtocolError or, for an input that happens to be honest, nothing. */
function expectOnlyProtocolErrors(act: () => void): void {
  try {
    act();
  } catch (error) {
    expect(error).toBeInstanceOf(ProtocolError);
  }
}

describe('2.1.7: no bytes make the handshake throw anything but ProtocolError', () => {
  it('AwaitEncryptionRequest and ServerResponds', () => {
    fc.assert(
      fc.property(hostile(honest.request), (body) => {
        expectOnlyProtocolErrors(() => {
          new AwaitEncryptionRequest(serverOptions()).read(body).next.respond(encodeResponsePayload);
        });
      }),
      { numRuns: 1_000 },
    );
  });

  it('AwaitEncryptionResponse', () => {
    fc.assert(
      fc.property(hostile(honest.response), (body) => {
        expectOnlyProtocolErrors(() => {
          startAgentHandshake(agentOptions()).next.read(body).finish(FINISH_PAYLOAD);
        });
      }),
      { numRuns: 500 },
    );
  });

  it('AwaitEncryptionFinish', () => {
    fc.assert(
      fc.property(hostile(honest.finish), (body) => {
        const { next } = new AwaitEncryptionRequest(serverOptions())
          .read(honest.request)
          .next.respond(encodeResponsePayload);
        expectOnlyProtocolErrors(() => {
          next.read(body);
        });
      }),
      { numRuns: 500 },
    );
  });

  it('readRejected', () => {
    const body = Uint8Array.of(4, 0, 0x21, 0, 0, 0, 9);
    fc.assert(fc.property(hostile(body), (bytes) => expectOnlyProtocolErrors(() => void readRejected(bytes))));
  });
});
