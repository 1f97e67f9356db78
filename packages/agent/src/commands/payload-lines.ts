/** payloadLines: the lines of a stream, one after the other, each no longer than an event may be. */
import type { Readable } from 'node:stream';
import { ByteWriter, utf8Decode } from '@sealane/shared/bytes';
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
  // What came of a line that has no end yet: bytes may come one by one, and each is copied once.
  const begun = new ByteWriter();
  for await (const chunk of input as AsyncIterable<Buffer>) {
    let rest = chunk;
    for (let end = rest.indexOf(NEWLINE); end >= 0; end = rest.indexOf(NEWLINE)) {
      yield lineOf(begun.length === 0 ? rest.subarray(0, end) : begun.bytes(rest.subarray(0, end)).written());
      begun.reset();
      rest = rest.subarray(end + 1);
    }
    // A line without end must not fill the memory.
    const bytes = begun.length + rest.length;
    if (bytes > EVENT_BODY_BYTES_MAX + 1) throw tooLong(bytes);
    begun.bytes(rest);
  }
  if (begun.length > 0) yield lineOf(begun.written());
}

function lineOf(bytes: Uint8Array): string {
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
