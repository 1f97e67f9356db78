import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { execFile } from 'node:child_process';
import { appendFileSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { ConfigError } from '@sealane/shared/errors';
import { KnownServers } from './index.ts';

let directory: string;
let file: string;
let known: KnownServers;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'sealane-known-'));
  file = join(directory, 'known_servers');
  known = new KnownServers(file, () => 0);
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const here = { host: '127.0.0.1', port: 1337 };
const there = { host: '::1', port: 1338 };
const print = (letter: string): string => `SHA256:${letter.repeat(43)}`;

describe('known servers', () => {
  it('T5: the first contact is trusted, a later other fingerprint does not replace it', () => {
    expect(known.lookup(here)).toBeUndefined();
    expect(known.record(here, print('a'))).toMatchObject({ fingerprint: print('a'), trust: 'trusted' });
    expect(known.record(here, print('b')).fingerprint).toBe(print('a'));
    expect(known.lookup(there)).toBeUndefined();
    expect(statSync(file).mode & 0o777).toBe(0o600);
  });

  it('T5: accepting replaces, removing forgets, listing shows what counts', () => {
    known.record(here, print('a'));
    known.record(there, print('c'));
    expect(known.accept(here, print('b'))).toMatchObject({ fingerprint: print('b'), trust: 'accepted' });
    expect(known.accept(here, print('d'), 'succeeded').trust).toBe('succeeded');
    expect(known.list().map(({ fingerprint }) => fingerprint)).toEqual([print('d'), print('c')]);
    expect(known.remove(here)).toBe(true);
    expect(known.remove(here)).toBe(false);
    expect(known.list().map(({ address }) => address)).toEqual([there]);
    expect(known.record(here, print('e')).fingerprint).toBe(print('e'));
  });

  it('T5: of two that trust at once, the first line counts for both', () => {
    known.record(here, print('a'));
    appendFileSync(file, `127.0.0.1:1337 ${print('b')} trusted 2026-01-01T00:00:00Z\n`);
    expect(known.lookup(here)?.fingerprint).toBe(print('a'));
  });

  it.each([
    ['a word', 'garbage'],
    ['a short fingerprint', '127.0.0.1:1 SHA256:abc trusted now'],
    ['an unknown word', `127.0.0.1:1 ${print('a')} believed now`],
    ['no address', `nowhere ${print('a')} trusted now`],
    ['a removal with a fingerprint', `127.0.0.1:1 ${print('a')} removed now`],
    ['escape codes', '\u001b[2J'],
  ])('D12: a line with %s is named with its number and shown escaped', (_name, line) => {
    known.record(here, print('a'));
    appendFileSync(file, `${line}\n`);
    let error: unknown;
    try {
      known.lookup(here);
    } catch (caught) {
      error = caught;
    }
    expect(error).toBeInstanceOf(ConfigError);
    expect(error).toMatchObject({
      code: 'E_DATA',
      message: expect.stringContaining(`${file} is damaged: line 2`) as unknown,
    });
    expect((error as ConfigError).message).not.toContain('\u001b');
  });

  it('D12: a line torn by a crash is passed over, and the next line stands alone', () => {
    known.record(here, print('a'));
    appendFileSync(file, '127.0.0.1:99 SHA2');
    expect(known.list()).toHaveLength(1);
    known.record(there, print('b'));
    expect(known.list()).toHaveLength(2);
    expect(readFileSync(file, 'utf8')).not.toContain('SHA2\n');
  });

  it('D12: comments and blank lines are allowed', () => {
    writeFileSync(file, '# mine\n\n');
    known.record(here, print('a'));
    expect(known.list()).toHaveLength(1);
  });

  it('a line that another process is still writing is waited for, not cut off', () => {
    const line = `h:1 ${print('a')} trusted 2026-01-01T00:00:00.000Z\n`;
    writeFileSync(file, line.slice(0, 40));
    const waited = jest.spyOn(Atomics, 'wait').mockImplementationOnce(() => {
      appendFileSync(file, line.slice(40));
      return 'timed-out';
    });
    known.record(here, print('b'));
    expect(waited).toHaveBeenCalledTimes(1);
    expect(known.list()).toHaveLength(2);
  });

  it('keeps every line of several processes that write at once', async () => {
    const module = new URL('./known-servers.ts', import.meta.url).href;
    const script = `const { KnownServers } = await import(${JSON.stringify(module)});
      const known = new KnownServers(process.argv[1]);
      for (let port = 1; port <= 100; port++) known.record({ host: 'h' + process.argv[2], port }, ${JSON.stringify(print('a'))});`;
    const run = (name: string) =>
      promisify(execFile)(process.execPath, [
        '--conditions=@sealane/source',
        '--input-type=module',
        '-e',
        script,
        file,
        name,
      ]);
    await Promise.all(['a', 'b', 'c', 'd'].map(run));
    expect(known.list()).toHaveLength(400);
  });
});
