import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { withReport, writeReport } from './report.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sealane-report-test-'));
});
afterEach(() => {
  jest.restoreAllMocks();
  rmSync(folder, { recursive: true, force: true });
});

describe('the report of a tool', () => {
  it('may be anywhere where a page can be written; nothing is left by the attempt', () => {
    writeFileSync(join(folder, 'old.md'), 'old');
    for (const report of [undefined, join(folder, 'old.md'), join(folder, 'new.md'), join(folder, 'a', 'b', 'new.md')])
      expect(withReport({ report })).toEqual({ report });
    expect(readdirSync(folder)).toEqual(['old.md']);
    expect(readFileSync(join(folder, 'old.md'), 'utf8')).toBe('old');
  });

  it.each([
    ['no page', 'report.txt', '--report expected a file that ends in .md, got "'],
    ['below a file', 'file/x.md', '--report cannot be written: EEXIST'],
    ['below a file that is a folder above it', 'file/a/b/x.md', '--report cannot be written: ENOTDIR'],
    ['a folder', 'folder.md', '--report cannot be written: EISDIR'],
    // Node.js never ends to make folders there.
    ['below /proc', '/proc/nope/x.md', '--report cannot be written: Cannot make /proc/nope'],
  ])('%s is refused', (_, report, message) => {
    writeFileSync(join(folder, 'file'), '');
    mkdirSync(join(folder, 'folder.md'));
    expect(() => withReport({ report: join(report.startsWith('/') ? '' : folder, report) })).toThrow(message);
  });

  it('that cannot be written in the end is said in one line', async () => {
    const said = jest.spyOn(console, 'error').mockReturnValue();
    expect(await writeReport(undefined, () => '')).toBe(true);
    expect(await writeReport(join(folder, 'a', 'x.md'), () => '# Page\n')).toBe(true);
    expect(readFileSync(join(folder, 'a', 'x.md'), 'utf8')).toBe('# Page\n');
    expect(await writeReport(join(folder, 'a', 'x.md', 'y.md'), () => '# Page\n')).toBe(false);
    expect(said.mock.calls).toEqual([[expect.stringMatching(/^The report could not be written: EEXIST[^\n]*$/)]]);
  });
});
