import { Readable } from 'node:stream';
import { expect, it } from '@jest/globals';
import { payloadLines } from './payload-lines.ts';

async function linesOf(...chunks: readonly (string | Buffer)[]): Promise<readonly string[]> {
  const lines: string[] = [];
  for await (const line of payloadLines(Readable.from(chunks.map((chunk) => Buffer.from(chunk))))) lines.push(line);
  return lines;
}

it('are the same however their bytes come', async () => {
  const text = 'one\ntwo\r\n\nthrée';
  const bytes = [...Buffer.from(text)].map((byte) => Buffer.of(byte));
  for (const chunks of [[text], bytes, ['on', 'e\ntw', 'o\r', '\n\nthr', 'ée']]) {
    expect(await linesOf(...chunks)).toEqual(['one', 'two', '', 'thrée']);
  }
  expect(await linesOf('one\n')).toEqual(['one']);
});

/** The least of three runs, in time of the processor: what else the machine does meanwhile is not this one's. */
async function timeMs(pieces: number): Promise<number> {
  const times: number[] = [];
  for (let run = 0; run < 3; run++) {
    const chunks = Array.from({ length: pieces }, () => Buffer.from('abcd'));
    const before = process.cpuUsage();
    expect(await linesOf(...chunks)).toEqual(['abcd'.repeat(pieces)]);
    const { user, system } = process.cpuUsage(before);
    times.push((user + system) / 1_000);
  }
  return Math.min(...times);
}

it('a long line that comes in small pieces is not copied with every piece', async () => {
  const short = await timeMs(2_000);
  // Ten times as many pieces: copying all that came with each would take up to a hundred times as long.
  expect((await timeMs(20_000)) / short).toBeLessThan(30);
}, 60_000);

it('a line that is too long, or no UTF-8, is refused', async () => {
  await expect(linesOf('x'.repeat(98_305))).rejects.toMatchObject({ code: 'E_EVENT_TOO_LARGE' });
  await expect(linesOf(Buffer.of(0xff, 0x0a))).rejects.toMatchObject({ code: 'E_DATA' });
});
