import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from '@jest/globals';
import { CLEAR_PACKET_SPECS, PACKET_SPECS, PAYLOAD_SPECS } from '@sealane/shared/packets';
import { findStale, generateAll } from './codegen.ts';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const files = await generateAll();

it('every generated file is what its spec says', () => {
  const { differing, leftOver } = findStale(files, root);
  expect(differing.map(({ path }) => path)).toEqual([]);
  expect(leftOver).toEqual([]);
});

it('a page that was edited, is missing, or has no packet any more is found', () => {
  const copy = mkdtempSync(join(tmpdir(), 'sealane-codegen-'));
  try {
    for (const { path, text } of files) {
      mkdirSync(dirname(join(copy, path)), { recursive: true });
      writeFileSync(join(copy, path), text);
    }
    expect(findStale(files, copy)).toEqual({ differing: [], leftOver: [] });

    const page = join(copy, 'docs/packets/0x20_request.md');
    writeFileSync(page, readFileSync(page, 'utf8').replace('196,608', '196,609'));
    rmSync(join(copy, 'docs/errors.md'));
    writeFileSync(join(copy, 'docs/packets/0x2f_gone.md'), 'gone');
    const stale = findStale(files, copy);
    expect(stale.differing.map(({ path }) => path)).toEqual(['docs/packets/0x20_request.md', 'docs/errors.md']);
    expect(stale.leftOver).toEqual(['docs/packets/0x2f_gone.md']);
  } finally {
    rmSync(copy, { recursive: true });
  }
});

/** The anchor that a heading gets: lower case, no punctuation, spaces as hyphens. */
function anchorOf(heading: string): string {
  return heading
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
    .replaceAll(' ', '-');
}

it.each([...CLEAR_PACKET_SPECS, ...PACKET_SPECS, ...PAYLOAD_SPECS].map(({ name, page }) => ({ name, page })))(
  'the clause that $name cites exists: $page',
  ({ page }) => {
    const [path = '', anchor = ''] = page.split('#');
    const headings = readFileSync(join(root, 'docs', path), 'utf8').matchAll(/^#+ (.*)$/gm);
    expect(Array.from(headings, ([, heading = '']) => anchorOf(heading))).toContain(anchor);
  },
);

it('the page of delivery names the sender of every packet about events', () => {
  const text = readFileSync(join(root, 'docs/protocols/delivery.md'), 'utf8');
  const named = Array.from(
    text.matchAll(/^\| \[0x(3[0-9A-F]) ([^\]]+)\]\(\S+\) +\| (\w+)/gm),
    ([, id = '', name, sender]) => ({
      id: Number.parseInt(id, 16),
      name,
      sender,
    }),
  );
  const specs = PACKET_SPECS.filter(({ id }) => id >= 0x30 && id <= 0x3f);
  expect(named).toEqual(specs.map(({ id, name, sender }) => ({ id, name, sender })));
});

it('generated pages link to files that exist', () => {
  const missing = files
    .filter(({ path }) => path.endsWith('.md'))
    .flatMap(({ path, text }) =>
      Array.from(text.matchAll(/\]\((?!https?:)([^)#]+)/g), ([, target = '']) => join(dirname(path), target)),
    )
    .filter((target) => !files.some(({ path }) => path === target) && !exists(join(root, target)));
  expect(missing).toEqual([]);
});

function exists(path: string): boolean {
  try {
    readFileSync(path);
    return true;
  } catch {
    return false;
  }
}
