import { describe, expect, it } from '@jest/globals';
import { concat } from '@sealane/shared/bytes';
import { ProtocolError } from '@sealane/shared/errors';
import { encodeValue } from '@sealane/shared/packets';
import { decodeNodeMessage, encodeNodeMessage, type NodeMessage } from './node-message.ts';

const body = Uint8Array.of(1, 2, 3);
const content = { body, contentType: 'text/plain' };
const request = { requestId: 7, name: 'work', ...content, timeoutMs: 500, to: 'agent:bob', from: 'agent:ada' };
const response = { requestId: 7, status: 0, last: true, ...content, code: 0 };
const MESSAGES: readonly NodeMessage[] = [
  { kind: 'request', request },
  { kind: 'response', number: 3, response },
  { kind: 'cancel', requestId: 2 ** 53 - 1 },
  { kind: 'look', requestIds: [1, 70_000, 2 ** 40] },
  { kind: 'here', requestIds: [] },
  { kind: 'other-version' },
];
/** Of a message of "node-1": version, length of the name, name. */
const HEAD_BYTES = 8;

/** What a message says, or the code of what it is not. */
function read(bytes: Uint8Array): unknown {
  try {
    return decodeNodeMessage(bytes);
  } catch (error) {
    if (error instanceof ProtocolError) return error.code;
    throw error;
  }
}

const withContent = (kind: number, bytes: Uint8Array): Uint8Array =>
  concat(encodeNodeMessage('node-1', MESSAGES[3]!).slice(0, HEAD_BYTES), Uint8Array.of(kind), bytes);

describe('messages between nodes', () => {
  it.each(MESSAGES)('H4: $kind goes there and comes back', (message) => {
    expect(decodeNodeMessage(encodeNodeMessage('node-1', message))).toMatchObject({ sender: 'node-1', message });
  });

  it('H4: another version has a sender, and says nothing', () => {
    const bytes = encodeNodeMessage('node-1', MESSAGES[0]!).slice();
    bytes[0] = 2;
    expect(decodeNodeMessage(bytes)).toEqual({ sender: 'node-1', message: undefined });
  });

  it('H4: cut short, with something after it, or of another kind it is none', () => {
    for (const message of MESSAGES) {
      const bytes = encodeNodeMessage('node-1', message).slice();
      const end = message.kind === 'other-version' ? HEAD_BYTES : bytes.length;
      for (let size = 0; size < end; size++) expect(read(bytes.subarray(0, size))).toBe('E_MALFORMED');
      if (message.kind !== 'other-version') expect(read(concat(bytes, Uint8Array.of(0)))).toBe('E_MALFORMED');
    }
    expect(read(withContent(9, encodeValue([1])))).toBe('E_MALFORMED');
    const packets = [...encodeNodeMessage('node-1', MESSAGES[2]!).subarray(HEAD_BYTES + 1)];
    expect(read(withContent(1, Uint8Array.from(packets)))).toBe('E_MALFORMED');
    expect(read(withContent(3, Uint8Array.from([...packets, ...packets])))).toBe('E_MALFORMED');
  });

  it.each([[7], ['text', [0]], ['text', [-1]], ['text', [1.5]], ['text', ['1']], ['text', [[1]]], ['text', { 0: 1 }]])(
    'H4: ids of a look are numbers of requests: %j',
    (...values) => {
      expect(read(withContent(4, encodeValue(values.at(-1)!)))).toBe('E_MALFORMED');
    },
  );
});
