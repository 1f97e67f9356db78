import { describe, expect, it } from '@jest/globals';
import { strangerOf } from './first-bytes.ts';

describe('first bytes', () => {
  it.each([
    ['GET / HTTP/1.1\r\n', 'http'],
    ['PRI * HTTP/2.0\r\n', 'http'],
    ['POST', 'http'],
    ['\x16\x03\x01\x02\x00\x01', 'tls'],
    ['\x16', 'tls'],
    ['SSH-2.0-OpenSSH_9.9', 'ssh'],
    ['\xff\xfe\xfd', 'noise'],
    ['G', 'noise'],
  ])('T3: %j looks like %s', (text, stranger) => {
    expect(strangerOf(Buffer.from(text, 'latin1'))).toBe(stranger);
  });

  it('A2: any beginning of a frame is not a stranger, however it was cut', () => {
    for (const bytes of [[0], [0, 0], [0, 0, 4, 0xcf, 1]]) expect(strangerOf(Uint8Array.from(bytes))).toBeUndefined();
  });
});
