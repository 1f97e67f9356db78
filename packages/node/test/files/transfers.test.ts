/** Whole transfers over real sessions in memory: both directions, resuming, refusing, cutting (faults F1, F2, F4, F5). */
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  existsSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
  appendFileSync,
  linkSync,
} from 'node:fs';
import { join } from 'node:path';
import { getFile, sendFile, type TransferProgress } from '../../src/files/index.ts';
import type { Channel, ChannelStream } from '@sealane/shared/channel';
import { ProtocolError } from '@sealane/shared/errors';
import { encodeValue } from '@sealane/shared/packets';
import { Workspace, content, sha256 } from './workspace.ts';

const SIZE = 3 * 2 ** 20 + 17;
let space: Workspace;

beforeEach(() => {
  space = new Workspace();
});
afterEach(() => {
  space.remove();
});

describe('send', () => {
  it('A4: stores a file whole, with its hash, time and mode, and leaves nothing else', async () => {
    await space.serve();
    const path = space.file('report.bin', SIZE);
    utimesSync(path, 1_600_000_000, 1_600_000_000);
    const { agent } = space.connect();
    const result = await sendFile(agent, { path });
    expect(result).toEqual({ name: 'report.bin', bytes: SIZE, sha256: sha256(content(SIZE)), resumedFrom: 0 });
    expect(space.stored('report.bin').equals(content(SIZE))).toBe(true);
    const stats = statSync(join(space.inbox, 'report.bin'));
    expect(stats.mtimeMs).toBe(1_600_000_000_000);
    const openFile = statSync(space.file('umask', 0)).mode & 0o666;
    expect(stats.mode & 0o777).toBe(0o640 & openFile);
    expect(stats.nlink).toBe(1);
    expect(readdirSync(space.inbox)).toEqual(['report.bin']);
  });

  it.each([0, 1, 262_143, 262_144, 262_145])('A4: %d bytes, both ways', async (size) => {
    await space.serve();
    const path = space.file('some.bin', size);
    const { agent } = space.connect();
    expect((await sendFile(agent, { path })).bytes).toBe(size);
    expect(await getFile(agent, { name: 'some.bin', output: space.path('back.bin') })).toMatchObject({ bytes: size });
    expect(readFileSync(space.path('back.bin')).equals(content(size))).toBe(true);
    expect(readdirSync(space.directory).sort()).toEqual(['back.bin', 'inbox', 'some.bin']);
  });

  it('is done at once when the same file is there, and refuses another one of the name', async () => {
    await space.serve();
    const path = space.file('a.bin', SIZE);
    const pair = space.connect();
    await sendFile(pair.agent, { path });
    const before = pair.passedBytes;
    expect(await sendFile(pair.agent, { path })).toMatchObject({ resumedFrom: SIZE, sha256: sha256(content(SIZE)) });
    expect(pair.passedBytes - before).toBeLessThan(4_096);
    for (const [size, seed] of [
      [SIZE, 2],
      [SIZE + 1, 1],
      [0, 1],
    ] as const) {
      const other = space.file('other.bin', size, seed);
      await expect(sendFile(pair.agent, { path: other, name: 'a.bin' })).rejects.toMatchObject({
        code: 'E_FILE_EXISTS',
      });
    }
    expect(space.stored('a.bin').equals(content(SIZE))).toBe(true);
  });

  it('reports progress that grows to the whole', async () => {
    await space.serve();
    const seen: TransferProgress[] = [];
    const onProgress = (progress: TransferProgress): void => void seen.push(progress);
    await sendFile(space.connect().agent, { path: space.file('p.bin', SIZE), onProgress });
    expect(seen[0]).toEqual({ doneBytes: 0, totalBytes: SIZE, resumedFrom: 0 });
    expect(seen.at(-1)?.doneBytes).toBe(SIZE);
    expect(seen.map(({ doneBytes }) => doneBytes)).toEqual(
      [...seen.map(({ doneBytes }) => doneBytes)].sort((a, b) => a - b),
    );
  });

  it('E_FILE_CHANGED: a file that grows, shrinks or is written while it is sent is not stored', async () => {
    await space.serve();
    for (const change of [
      (path: string) => appendFileSync(path, 'x'),
      (path: string) => writeFileSync(path, 'short'),
      (path: string) => utimesSync(path, 1, 1),
    ]) {
      const path = space.file('c.bin', SIZE);
      let changed = false;
      const onProgress = (): void => {
        if (!changed) change(path);
        changed = true;
      };
      await expect(sendFile(space.connect().agent, { path, onProgress })).rejects.toMatchObject({
        code: 'E_FILE_CHANGED',
      });
      await idle(space);
      expect(readdirSync(space.inbox)).toEqual([]);
    }
  });

  it('E_FILE_NOT_FOUND: what is no plain file', async () => {
    await space.serve();
    const { agent } = space.connect();
    for (const path of [space.path('missing'), space.directory, '/dev/null']) {
      await expect(sendFile(agent, { path, name: 'x' })).rejects.toMatchObject({ code: 'E_FILE_NOT_FOUND' });
    }
  });
});

describe('F1: resuming', () => {
  it.each([0.05, 0.37, 0.9])('F1: a send cut at %d resumes from what was stored', async (part) => {
    await space.serve();
    const path = space.file('r.bin', SIZE);
    const pair = space.connect();
    pair.bytesUntilCut = Math.round(SIZE * part);
    await expect(sendFile(pair.agent, { path })).rejects.toBeInstanceOf(ProtocolError);
    await idle(space);
    expect(existsSync(join(space.inbox, 'r.bin'))).toBe(false);
    const seen: TransferProgress[] = [];
    const result = await sendFile(space.connect().agent, { path, onProgress: (step) => void seen.push(step) });
    expect(result.resumedFrom).toBeGreaterThan(SIZE * part - 400_000);
    expect(result.resumedFrom).toBeLessThanOrEqual(SIZE * part);
    expect(seen[0]).toEqual({ doneBytes: result.resumedFrom, totalBytes: SIZE, resumedFrom: result.resumedFrom });
    expect(space.stored('r.bin').equals(content(SIZE))).toBe(true);
    expect(readdirSync(space.inbox)).toEqual(['r.bin']);
  });

  it('F1: a get cut in the middle resumes, and its part is kept beside the output', async () => {
    await space.serve();
    space.file('inbox/g.bin', SIZE);
    const pair = space.connect();
    pair.bytesUntilCut = 1_500_000;
    const output = space.path('g.out');
    await expect(getFile(pair.agent, { name: 'g.bin', output })).rejects.toBeInstanceOf(ProtocolError);
    expect(readdirSync(space.directory).sort()).toEqual(['.sealane-partial', 'inbox']);
    expect(statSync(space.path('.sealane-partial')).mode & 0o777).toBe(0o700);
    const result = await getFile(space.connect().agent, { name: 'g.bin', output });
    expect(result.resumedFrom).toBeGreaterThan(1_000_000);
    expect(readFileSync(output).equals(content(SIZE))).toBe(true);
    expect(readdirSync(space.directory).sort()).toEqual(['g.out', 'inbox']);
  });

  it('F1: an abort keeps the part for the next attempt', async () => {
    await space.serve();
    const path = space.file('k.bin', SIZE);
    const stop = new AbortController();
    const onProgress = ({ doneBytes }: TransferProgress): void => {
      if (doneBytes > SIZE / 2) stop.abort();
    };
    const { agent } = space.connect();
    await expect(sendFile(agent, { path, onProgress, signal: stop.signal })).rejects.toMatchObject({
      code: 'E_CANCELLED',
    });
    await idle(space);
    expect((await sendFile(agent, { path })).resumedFrom).toBeGreaterThan(0);
  });

  it('F2: a part whose bytes changed on disk is not built upon', async () => {
    await space.serve();
    const path = space.file('d.bin', SIZE);
    const pair = space.connect();
    pair.bytesUntilCut = 1_000_000;
    await expect(sendFile(pair.agent, { path })).rejects.toBeInstanceOf(ProtocolError);
    await idle(space);
    const part = onlyPart(space);
    const bytes = readFileSync(part);
    bytes[1_000] = bytes[1_000]! ^ 1;
    writeFileSync(part, bytes);
    expect((await sendFile(space.connect().agent, { path })).resumedFrom).toBe(0);
    expect(space.stored('d.bin').equals(content(SIZE))).toBe(true);
  });

  it('another agent does not get, see or spoil the part', async () => {
    await space.serve();
    const path = space.file('own.bin', SIZE);
    const pair = space.connect('first');
    pair.bytesUntilCut = 1_000_000;
    await expect(sendFile(pair.agent, { path })).rejects.toBeInstanceOf(ProtocolError);
    await idle(space);
    const kept = statSync(onlyPart(space)).size;
    const second = space.connect('second');
    const other = space.file('other.bin', SIZE, 9);
    second.bytesUntilCut = 500_000;
    await expect(sendFile(second.agent, { path: other, name: 'own.bin' })).rejects.toBeInstanceOf(ProtocolError);
    await idle(space);
    expect((await sendFile(space.connect('first').agent, { path })).resumedFrom).toBe(kept);
  });

  it('a part that is a second name of a finished file is left alone', async () => {
    await space.serve();
    const path = space.file('l.bin', SIZE);
    const pair = space.connect();
    pair.bytesUntilCut = 1_000_000;
    await expect(sendFile(pair.agent, { path })).rejects.toBeInstanceOf(ProtocolError);
    await idle(space);
    linkSync(onlyPart(space), space.path('taken'));
    const before = readFileSync(space.path('taken'));
    expect((await sendFile(space.connect().agent, { path })).resumedFrom).toBe(0);
    expect(readFileSync(space.path('taken')).equals(before)).toBe(true);
  });

  it('abandoned parts go, used ones stay', async () => {
    await space.serve();
    const path = space.file('old.bin', SIZE);
    const pair = space.connect();
    pair.bytesUntilCut = 1_000_000;
    await expect(sendFile(pair.agent, { path })).rejects.toBeInstanceOf(ProtocolError);
    await idle(space);
    const part = onlyPart(space);
    const sixDaysAgo = Date.now() / 1_000 - 6 * 86_400;
    utimesSync(part, sixDaysAgo, sixDaysAgo);
    await new Workspace(space.inbox).serve().then((again) => again.remove());
    expect(existsSync(part)).toBe(true);
    const eightDaysAgo = sixDaysAgo - 2 * 86_400;
    utimesSync(part, eightDaysAgo, eightDaysAgo);
    await new Workspace(space.inbox).serve().then((again) => again.remove());
    expect(existsSync(part)).toBe(false);
  });
});

describe('get', () => {
  it('is refused for what is not served: other names, links, folders, parts', async () => {
    await space.serve();
    symlinkSync('/etc/passwd', join(space.inbox, 'link'));
    const { agent } = space.connect();
    for (const name of ['missing', 'link']) {
      await expect(getFile(agent, { name, output: space.path('o') })).rejects.toMatchObject({
        code: 'E_FILE_NOT_FOUND',
      });
    }
    expect(readdirSync(space.directory)).toEqual(['inbox']);
  });

  it('replaces nothing: an equal output is done at once, another one is refused with a hint', async () => {
    await space.serve();
    space.file('inbox/g.bin', SIZE);
    const output = space.file('out.bin', SIZE);
    const { agent } = space.connect();
    expect(await getFile(agent, { name: 'g.bin', output })).toMatchObject({ resumedFrom: SIZE });
    const other = space.file('other.bin', SIZE, 2);
    const failed = getFile(agent, { name: 'g.bin', output: other });
    await expect(failed).rejects.toMatchObject({
      code: 'E_FILE_EXISTS',
      message: expect.stringContaining('other.bin'),
    });
    symlinkSync(space.path('nowhere'), space.path('link'));
    await expect(getFile(agent, { name: 'g.bin', output: space.path('link') })).rejects.toMatchObject({
      code: 'E_FILE_EXISTS',
    });
    unlinkSync(other);
    expect(await getFile(agent, { name: 'g.bin', output: other })).toMatchObject({ bytes: SIZE, resumedFrom: 0 });
  });
});

describe('F4: limits', () => {
  it('F4: a file past the limit is refused by what was declared', async () => {
    await space.serve({ fileBytesMax: SIZE - 1 });
    const sending = sendFile(space.connect().agent, { path: space.file('big.bin', SIZE) });
    await expect(sending).rejects.toMatchObject({ code: 'E_FILE_TOO_LARGE' });
    expect(readdirSync(space.inbox)).toEqual([]);
  });

  it('F4: the quota counts finished and unfinished files, and what is under way', async () => {
    await space.serve({ quotaBytes: 2 * SIZE });
    const { agent } = space.connect();
    await sendFile(agent, { path: space.file('one.bin', SIZE) });
    const cut = space.connect();
    cut.bytesUntilCut = 1_000_000;
    const two = space.file('two.bin', SIZE, 2);
    await expect(sendFile(cut.agent, { path: two })).rejects.toBeInstanceOf(ProtocolError);
    await idle(space);
    const three = space.file('three.bin', SIZE - 500_000, 3);
    await expect(sendFile(agent, { path: three })).rejects.toMatchObject({ code: 'E_DISK_FULL' });
    expect(await sendFile(agent, { path: two })).toMatchObject({ bytes: SIZE });
    const small = space.file('small.bin', 1, 3);
    await expect(sendFile(agent, { path: small })).rejects.toMatchObject({ code: 'E_DISK_FULL' });
    expect(readdirSync(space.inbox).sort()).toEqual(['one.bin', 'two.bin']);
  });

  it('F4: the number of files is limited', async () => {
    await space.serve({ filesMax: 2 });
    const { agent } = space.connect();
    for (const name of ['1', '2']) await sendFile(agent, { path: space.file(name, 0) });
    await expect(sendFile(agent, { path: space.file('3', 0) })).rejects.toMatchObject({ code: 'E_DISK_FULL' });
  });

  it('E_FILE_BUSY: two transfers into one name; E_BUSY: too many of one agent', async () => {
    await space.serve({ transfersPerAgentMax: 2 });
    const path = space.file('same.bin', SIZE);
    const { agent } = space.connect('one');
    const first = await stuckPut(agent, 'same.bin');
    await expect(sendFile(space.connect('two').agent, { path })).rejects.toMatchObject({ code: 'E_FILE_BUSY' });
    const second = await stuckPut(agent, 'second');
    await expect(sendFile(agent, { path, name: 'third' })).rejects.toMatchObject({ code: 'E_BUSY' });
    for (const stream of [first, second]) stream.reset('E_CANCELLED');
    await idle(space);
    expect(await sendFile(agent, { path, name: 'third' })).toMatchObject({ bytes: SIZE });
  });

  it('a transfer on which nothing moves is given up and blocks no name', async () => {
    await space.serve({ idleTimeoutMs: 3_000 });
    const { agent } = space.connect();
    const path = space.file('idle.bin', SIZE);
    const stuck = await stuckPut(agent, 'idle.bin');
    await expect(stuck.read()).rejects.toMatchObject({ code: 'E_TIMEOUT' });
    await idle(space);
    expect(await sendFile(agent, { path })).toMatchObject({ bytes: SIZE });
  });
});

/** A put that got its answer and goes no further. */
async function stuckPut(agent: Channel<undefined>, name: string): Promise<ChannelStream> {
  const stream = agent.openStream('sealane.file.put', encodeValue({ name, size: SIZE, modifiedMs: 0 }));
  await stream.read();
  return stream;
}

/** Waits until the server has ended its transfers. */
async function idle({ service }: Workspace): Promise<void> {
  while (service?.transferCount !== 0) await new Promise((resolve) => setTimeout(resolve, 5));
}

function onlyPart({ inbox }: Workspace): string {
  const keys = readdirSync(join(inbox, '.sealane-partial'));
  expect(keys).toHaveLength(1);
  return join(inbox, '.sealane-partial', keys[0]!, 'content');
}
