/** A directory for one test, files of known content in it, and a served inbox. */
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { HandlerSet } from '@sealane/shared/channel';
import { seededRandom } from '@sealane/shared/testing';
import { receiveFiles, type FileLimits, type FileService } from '../../src/files/index.ts';
import { createLogger } from '../../src/log/index.ts';
import { ChannelPair, type TestPeer } from './channel-pair.ts';

const silent = createLogger({ level: 'silent', stream: new PassThrough() });

export class Workspace {
  readonly directory = mkdtempSync(join(tmpdir(), 'sealane-files-'));
  readonly inbox: string;
  readonly handlers = new HandlerSet<TestPeer>();
  service: FileService | undefined;

  constructor(inbox?: string) {
    this.inbox = inbox ?? join(this.directory, 'inbox');
  }

  async serve(limits: Partial<FileLimits> = {}): Promise<this> {
    const agentIdOf = (peer: TestPeer): string => peer.agentId;
    this.service = await receiveFiles(this.handlers, { directory: this.inbox, agentIdOf, log: silent, limits });
    return this;
  }

  connect(agentId?: string): ChannelPair {
    return new ChannelPair(this.handlers, agentId);
  }

  path(name: string): string {
    return join(this.directory, name);
  }

  stored(name: string): Buffer {
    return readFileSync(join(this.inbox, name));
  }

  /** Writes a file of `sizeBytes` whose content depends on `seed`. @returns its path. */
  file(name: string, sizeBytes: number, seed = 1): string {
    writeFileSync(this.path(name), content(sizeBytes, seed));
    return this.path(name);
  }

  remove(): void {
    this.service?.close();
    rmSync(this.directory, { recursive: true, force: true });
  }
}

/** Bytes without a period shorter than 64 KiB, so that a swapped or repeated piece is noticed. */
export function content(sizeBytes: number, seed = 1): Buffer {
  const block = seededRandom(seed)(65_536);
  const bytes = Buffer.alloc(sizeBytes);
  for (let offset = 0; offset < sizeBytes; offset += block.length) {
    bytes.set(block.subarray(0, Math.min(block.length, sizeBytes - offset)), offset);
    if (offset + 8 <= sizeBytes) bytes.writeDoubleBE(offset, offset);
  }
  return bytes;
}

export function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
