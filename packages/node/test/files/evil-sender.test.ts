/** A peer that breaks the rules of docs/protocols/files.md: what it must be answered, and what must be left on disk. */
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createHash } from 'node:crypto';
import { readdirSync } from 'node:fs';
import type { ChannelStream } from '@sealane/shared/channel';
import { encodeValue, type Value } from '@sealane/shared/packets';
import { getFile } from '../../src/files/index.ts';
import type { ChannelPair } from './channel-pair.ts';
import { Workspace, content } from './workspace.ts';

const SIZE = 200_000;
const bytes = content(SIZE);
const sha256 = createHash('sha256').update(bytes).digest();
let space: Workspace;
let pair: ChannelPair;

beforeEach(async () => {
  space = await new Workspace().serve({ fileBytesMax: 2 ** 20 });
  pair = space.connect();
});
afterEach(() => {
  space.remove();
});

describe('a put that breaks the rules', () => {
  it.each<[string, string, (stream: ChannelStream) => Promise<void>]>([
    [
      'F2: a swapped piece',
      'E_FILE_HASH',
      async (stream) => {
        await begin(stream);
        await stream.write(
          Buffer.concat([bytes.subarray(65_536, 131_072), bytes.subarray(0, 65_536), bytes.subarray(131_072)]),
        );
        await finish(stream);
      },
    ],
    [
      'F2: a repeated piece',
      'E_FILE_TOO_LARGE',
      async (stream) => {
        await begin(stream);
        await stream.write(Buffer.concat([bytes.subarray(0, 65_536), bytes]));
        await finish(stream);
      },
    ],
    [
      'F2: a missing last piece',
      'E_STREAM_RESET',
      async (stream) => {
        await begin(stream);
        await stream.write(bytes.subarray(0, SIZE - 1));
        stream.end();
      },
    ],
    [
      'F4: far more than declared',
      'E_FILE_TOO_LARGE',
      async (stream) => {
        await begin(stream);
        for (;;) await stream.write(bytes);
      },
    ],
    [
      'bytes after the digest',
      'E_FILE_TOO_LARGE',
      async (stream) => {
        await begin(stream);
        await stream.write(bytes);
        await stream.write(Buffer.concat([framed({ sha256 }), Buffer.from([0])]));
      },
    ],
    [
      'a start past what is held',
      'E_BAD_REQUEST',
      async (stream) => {
        await stream.write(framed({ offset: 5, size: SIZE, modifiedMs: 0 }));
      },
    ],
    [
      'another size than offered',
      'E_BAD_REQUEST',
      async (stream) => {
        await stream.write(framed({ offset: 0, size: SIZE + 1, modifiedMs: 0 }));
      },
    ],
    [
      'a start that is no message',
      'E_BAD_REQUEST',
      async (stream) => {
        await stream.write(Buffer.from([0, 0, 0, 1, 0xc1]));
      },
    ],
    [
      'a length of 4 GiB',
      'E_BAD_REQUEST',
      async (stream) => {
        await stream.write(Buffer.from([0xff, 0xff, 0xff, 0xff]));
      },
    ],
  ])('%s', async (_, code, send) => {
    const stream = offer({ name: 'x', size: SIZE, modifiedMs: 0 });
    await stream.read();
    const sending = send(stream).catch(() => undefined);
    await expect(stream.read()).rejects.toMatchObject({ code });
    await sending;
    await idle();
    const kept = code === 'E_STREAM_RESET' ? ['.sealane-partial'] : [];
    expect(readdirSync(space.inbox)).toEqual(kept);
    expect(pair.handlerErrors).toEqual([]);
  });

  it.each<[string, Value]>([
    ['E_FILE_NAME', { name: '../x', size: 1, modifiedMs: 0 }],
    ['E_FILE_NAME', { name: '.sealane-partial', size: 1, modifiedMs: 0 }],
    ['E_FILE_TOO_LARGE', { name: 'x', size: 2 ** 20 + 1, modifiedMs: 0 }],
    ['E_BAD_REQUEST', { name: 'x', size: -1, modifiedMs: 0 }],
    ['E_BAD_REQUEST', 'x'],
  ])('%s: refuses the offer %j before anything is stored', async (code, metadata) => {
    await expect(offer(metadata).read()).rejects.toMatchObject({ code });
    await idle();
    expect(readdirSync(space.inbox)).toEqual([]);
  });

  it.each(['../x', '/etc/passwd', '.sealane-partial', 'a\0'])(
    'F3: get of %j is refused by the server itself',
    async (name) => {
      const wanted = encodeValue({ name, offset: 0, sha256, complete: false });
      await expect(pair.agent.openStream('sealane.file.get', wanted).read()).rejects.toMatchObject({
        code: 'E_FILE_NAME',
      });
    },
  );
});

describe('a get from a sender that breaks the rules', () => {
  it.each<[string, string, (stream: ChannelStream) => Promise<void>]>([
    [
      'F2: wrong bytes',
      'E_FILE_HASH',
      async (stream) => {
        await begin(stream);
        await stream.write(content(SIZE, 2));
        await finish(stream);
      },
    ],
    [
      'F4: more than announced',
      'E_FILE_TOO_LARGE',
      async (stream) => {
        await begin(stream);
        for (;;) await stream.write(bytes);
      },
    ],
    [
      'an end in the middle',
      'E_STREAM_RESET',
      async (stream) => {
        await begin(stream);
        await stream.write(bytes.subarray(0, 10));
        stream.end();
      },
    ],
  ])('%s', async (_, code, send) => {
    const evil = new Workspace(space.inbox);
    evil.handlers.handleStream('sealane.file.get', (stream) => send(stream).catch(() => undefined));
    const { agent } = evil.connect();
    await expect(getFile(agent, { name: 'x', output: space.path('out') })).rejects.toMatchObject({ code });
    expect(readdirSync(space.directory)).not.toContain('out');
    evil.remove();
  });
});

function offer(metadata: Value): ChannelStream {
  return pair.agent.openStream('sealane.file.put', encodeValue(metadata));
}

async function begin(stream: ChannelStream): Promise<void> {
  await stream.write(framed({ offset: 0, size: SIZE, modifiedMs: 0 }));
}

async function finish(stream: ChannelStream): Promise<void> {
  await stream.write(framed({ sha256 }));
  stream.end();
}

function framed(value: Value): Uint8Array {
  const body = encodeValue(value);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(body.length);
  return Buffer.concat([length, body]);
}

async function idle(): Promise<void> {
  while (space.service?.transferCount !== 0) await new Promise((resolve) => setTimeout(resolve, 5));
}
