/** The directory for files goes away, or cannot be used any more, while a server runs on it. */
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { existsSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { PassThrough } from 'node:stream';
import { explanationOf } from '../../src/config/index.ts';
import { receiveFiles, sendFile } from '../../src/files/index.ts';
import { createLogger } from '../../src/log/index.ts';
import type { TestPeer } from './channel-pair.ts';
import { Workspace, content } from './workspace.ts';

const SIZE = 8 * 2 ** 20;
let space: Workspace;
let logged: string;

beforeEach(async () => {
  space = new Workspace();
  logged = '';
  const stream = new PassThrough();
  stream.on('data', (chunk: Buffer) => (logged += chunk.toString()));
  const log = createLogger({ level: 'info', stream, json: true });
  const agentIdOf = (peer: TestPeer): string => peer.agentId;
  space.service = await receiveFiles(space.handlers, { directory: space.inbox, agentIdOf, log });
});
afterEach(() => space.remove());

const cannotStore = {
  code: 'E_STORAGE',
  name: 'ProtocolError',
  message: 'The receiver cannot store files now; its log says why',
};

describe('the directory for files', () => {
  it('F5: that is gone is made again by the next transfer, and the operator hears of it', async () => {
    rmSync(space.inbox, { recursive: true });
    await sendFile(space.connect().agent, { path: space.file('f.bin', 1_000) });
    expect(space.stored('f.bin').equals(content(1_000))).toBe(true);
    expect(logged).toMatch(/"level":"warn".*is made again/);
  });

  it('F5: that can be none is told to the sender before any byte, and to the operator with the reason', async () => {
    renameSync(space.inbox, `${space.inbox}.away`);
    writeFileSync(space.inbox, '');
    const doneBytes: number[] = [];
    const onProgress = (progress: { readonly doneBytes: number }): void => void doneBytes.push(progress.doneBytes);
    const sent = sendFile(space.connect().agent, { path: space.file('f.bin', SIZE), onProgress });
    const error: unknown = await sent.then(
      () => undefined,
      (reason: unknown) => reason,
    );
    expect(error).toMatchObject(cannotStore);
    expect(explanationOf(error).next).toContain('resumes');
    expect(doneBytes).toEqual([]);
    expect(logged).toMatch(/"level":"warn".*failed on this side.*EEXIST/);
  });

  it('F5: that goes in the middle of a transfer ends it before its end', async () => {
    const path = space.file('f.bin', SIZE);
    let mostBytes = 0;
    const onProgress = ({ doneBytes }: { readonly doneBytes: number }): void => {
      mostBytes = doneBytes;
      if (doneBytes > 0 && existsSync(space.inbox)) rmSync(space.inbox, { recursive: true });
    };
    await expect(sendFile(space.connect().agent, { path, onProgress })).rejects.toMatchObject(cannotStore);
    expect(mostBytes).toBeLessThan(SIZE);
    expect(logged).toMatch(/"level":"warn".*was removed/);
  });
});
