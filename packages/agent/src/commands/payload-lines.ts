/** payloadLines: the lines of a stream, one after the other, each no longer than an event may be. */
import type { Readable } from 'node:stream';
import { utf8Decode } from '@sealane/shared/bytes';
import { ConfigError, ProtocolError } from '@sealane/shared/errors';
import { EVENT_BODY_BYTES_MAX } from '@sealane/shared/packets';

const NEWLINE = 0x0a;
const CARRIAGE_RETURN = 0x0d;

/**
 * Reads lines; the last one needs no line break at its end.
 *
 * @throws ProtocolError `E_EVENT_TOO_LARGE`, ConfigError `E_DATA` for a line that is not UTF-8.
 */
export async function* payloadLines(input: Readable): AsyncGenerator<string, void> {
  let rest = Buffer.alloc(0);
  for await (const chunk of input as AsyncIterable<Buffer>) {
    let bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    for (let end = bytes.indexOf(NEWLINE); end >= 0; end = bytes.indexOf(NEWLINE)) {
      yield lineOf(bytes.subarray(0, end));
      bytes = bytes.subarray(end + 1);
    }
    // A line without end must not fill the memory.
    if (bytes.length > EVENT_BODY_BYTES_MAX + 1) throw tooLong(bytes.length);
    rest = Buffer.from(bytes);
  }
  if (rest.length > 0) yield lineOf(rest);
}

function lineOf(bytes: Buffer): string {
  const line = bytes.at(-1) === CARRIAGE_RETURN ? bytes.subarray(0, -1) : bytes;
  if (line.length > EVENT_BODY_BYTES_MAX) throw tooLong(line.length);
  const text = utf8Decode(line);
  if (text === undefined) throw new ConfigError('E_DATA', 'A line of stdin is not valid UTF-8');
  return text;
}

function tooLong(bytes: number): ProtocolError {
  const message = `A line of stdin has ${bytes} bytes or more; an event has at most ${EVENT_BODY_BYTES_MAX}`;
  return new ProtocolError('E_EVENT_TOO_LARGE', message);
}
