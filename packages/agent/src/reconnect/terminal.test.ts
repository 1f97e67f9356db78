import { expect, it } from '@jest/globals';
import { ConfigError, ProtocolError, StorageError, TransportError } from '@sealane/shared/errors';
import { isTerminal } from './terminal.ts';

it.each([
  ['a ban', new ProtocolError('E_BANNED'), true],
  ['another identity of the server', new ProtocolError('E_IDENTITY_CHANGED'), true],
  ['a used token', new ProtocolError('E_TOKEN_USED'), true],
  ['a damaged file', new ConfigError('E_DATA'), true],
  ['a disk that refuses', new StorageError('E_STORAGE'), true],
  ['a fault of this program', new TypeError('x'), true],
  ['a server that is full', new ProtocolError('E_TOO_MANY_CONNECTIONS'), false],
  ['a server that ends', new ProtocolError('E_DRAINING'), false],
  ['a cut', new TransportError('E_UNREACHABLE'), false],
])('B8: %s ends an agent for good, or does not', (_, error, isEnd) => {
  expect(isTerminal(error)).toBe(isEnd);
});
