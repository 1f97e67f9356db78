/** §5.5 of docs/protocols/handshake.md: a server that does not repeat the token of this request is not believed. */
import { expect, it } from '@jest/globals';
import { ByteWriter } from '../../src/bytes/index.ts';
import { Deframer, encodeFrame } from '../../src/frames/index.ts';
import { AwaitEncryptionRequest } from '../../src/handshake/index.ts';
import { encodeEncryptionResponsePayload } from '../../src/packets/index.ts';
import { DEFAULT_PEER_LIMITS, SUITE } from '../../src/wire/index.ts';
import { endOf, eventsOf, nativePair } from '../session/peers.ts';
import { bytesOf, serverOptions } from './peers.ts';

/** What an agent makes of a server that holds its key and repeats what `tokenOf` says. */
function answeredWith(tokenOf: (token: Uint8Array) => Uint8Array) {
  const { agent, now } = nativePair({ agent: { suites: [SUITE.classical] } });
  const deframer = new Deframer(4_096);
  deframer.push(
    bytesOf(
      agent
        .takeOutput()
        .map((piece) => Buffer.from(piece).toString('hex'))
        .join(''),
    ),
  );
  const request = deframer.next()!.subarray(4);
  const { response } = new AwaitEncryptionRequest(serverOptions()).read(request).next.respond((token) => {
    const writer = new ByteWriter();
    const rest = { frameBytesMax: 262_172, capabilities: 0, successions: [], build: 'test' };
    encodeEncryptionResponsePayload(writer, { verifiedToken: tokenOf(token), ...DEFAULT_PEER_LIMITS, ...rest });
    return writer.toBytes();
  });
  agent.receive(encodeFrame(response), now);
  return eventsOf(agent);
}

it('T12: another verify token ends the handshake before the owner is asked, the same one does not', () => {
  expect(answeredWith((token) => token).map(({ type }) => type)).toEqual(['server-identified']);
  for (const wrong of [new Uint8Array(8), new Uint8Array(8).fill(255)]) {
    const events = answeredWith(() => wrong);
    expect(events.map(({ type }) => type)).toEqual(['closed']);
    expect(endOf(events)).toMatchObject({ reason: 'failed', code: 'E_HANDSHAKE' });
  }
  expect(endOf(answeredWith((token) => token.with(7, token[7]! ^ 1)))).toMatchObject({ code: 'E_HANDSHAKE' });
});
