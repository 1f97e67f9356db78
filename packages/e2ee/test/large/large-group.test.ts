import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from '@jest/globals';

const program = fileURLToPath(new URL('large-group.ts', import.meta.url));
const isLarge = process.env['TEST_LARGE_GROUP'] === '1';
const [members, messages] = isLarge ? [300, 1_000] : [60, 100];
const RSS_BYTES_MAX = isLarge ? 700_000_000 : 400_000_000;

if (!isLarge) console.warn('smaller: set TEST_LARGE_GROUP=1 for a group of 300 devices and 1,000 messages');

describe('a large group with churn', () => {
  it(`E13: of ${members} devices: ${messages} messages, no fork, nothing undecryptable, bounded memory`, async () => {
    const args = ['--conditions=@sealane/source', program, `${members}`, `${messages}`];
    const { stdout } = await promisify(execFile)(process.execPath, args);
    const report = JSON.parse(stdout) as Record<'epoch' | 'undecryptable' | 'rssMax', number>;
    expect(report).toMatchObject({ epoch: 1 + messages / 20, undecryptable: 0 });
    expect(report.rssMax).toBeLessThan(RSS_BYTES_MAX);
  }, 600_000);
});
