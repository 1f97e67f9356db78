/** What other nodes send: it comes through Redis, and from nodes of other versions. */
import { outcomeOf, type FuzzDecoder } from '@sealane/shared/testing';
import { decodeNodeMessage, encodeNodeMessage, type NodeMessage } from '../../src/handlers/node-relay/node-message.ts';

const content = { body: Uint8Array.of(1, 2, 3), contentType: 'text/plain' };
const request = { requestId: 7, name: 'work', ...content, timeoutMs: 500, to: 'agent:bob', from: 'agent:ada' };
const MESSAGES: readonly NodeMessage[] = [
  { kind: 'request', request },
  { kind: 'response', number: 3, response: { requestId: 7, status: 0, last: true, ...content, code: 0 } },
  { kind: 'cancel', requestId: 7 },
  { kind: 'look', requestIds: [1, 70_000, 2 ** 40] },
  { kind: 'here', requestIds: [] },
  { kind: 'other-version' },
];

const CODES = ['E_MALFORMED', 'E_TOO_LARGE', 'E_UNKNOWN_PACKET'] as const;

/** What was read means the same when it is written again. */
const nodeMessages: FuzzDecoder = {
  name: 'node-messages',
  seeds: () => [...MESSAGES.map((message) => encodeNodeMessage('node-0123456789ab', message)), Uint8Array.of(9, 1, 97)],
  decode: (input) =>
    outcomeOf(() => {
      const { sender, message } = decodeNodeMessage(input);
      if (message === undefined) return;
      const again = decodeNodeMessage(encodeNodeMessage(sender, message));
      if (JSON.stringify(again) !== JSON.stringify({ sender, message })) throw new Error('another message');
    }, CODES),
};

export const NODE_DECODERS: readonly FuzzDecoder[] = [nodeMessages];
