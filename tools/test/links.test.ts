/** Links between the documents: every relative link of every Markdown file leads to a file, and its anchor to a heading. */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { describe, expect, it } from '@jest/globals';

const root = join(import.meta.dirname, '..', '..');

/** Markdown files of the repository, those that are about to be committed included. */
const pages = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard', '--', '*.md'], {
  cwd: root,
  encoding: 'utf8',
})
  .split('\0')
  .filter((page) => page !== '' && existsSync(join(root, page)));

const EXTERNAL = /^[a-z][a-z0-9+.-]*:/i;

/** Targets of the links and images of a page, without those in code. */
function linksOf(markdown: string): readonly string[] {
  const prose = withoutFences(markdown).replace(/`[^`\n]*`/g, '``');
  const inline = [...prose.matchAll(/\]\(\s*<?([^)\s>]+)>?(?:\s+"[^"]*")?\s*\)/g)];
  const references = [...prose.matchAll(/^\[[^\]]+\]:\s*<?(\S+?)>?\s*$/gm)];
  return [...inline, ...references].map((match) => match[1] ?? '');
}

/** Anchors of the headings of a page, as the usual hosts make them: lower case, no punctuation, dashes, numbered twins. */
function anchorsOf(markdown: string): ReadonlySet<string> {
  const counts = new Map<string, number>();
  const anchors = new Set<string>();
  for (const [, heading = ''] of withoutFences(markdown).matchAll(/^#{1,6}\s+(.+?)\s*#*$/gm)) {
    const plain = heading.replace(/\[([^\]]*)\]\([^)]*\)/g, '$1').toLowerCase();
    const slug = plain.replace(/[^\p{L}\p{N}\s_-]/gu, '').replace(/\s/g, '-');
    const twins = counts.get(slug) ?? 0;
    counts.set(slug, twins + 1);
    anchors.add(twins === 0 ? slug : `${slug}-${twins}`);
  }
  for (const [, id = ''] of markdown.matchAll(/<a\s+(?:id|name)="([^"]+)"/g)) anchors.add(id);
  return anchors;
}

function withoutFences(markdown: string): string {
  return markdown.replace(/^( *)(```+|~~~+)[^\n]*\n[\s\S]*?^\1\2\s*$/gm, '');
}

/** What is wrong with the links of one page; the page is at `path`, relative to the root. */
function brokenLinks(path: string, markdown: string): readonly string[] {
  return linksOf(markdown).flatMap((link) => {
    if (EXTERNAL.test(link)) return [];
    const [file = '', anchor] = link.split('#');
    const target = file === '' ? join(root, path) : resolve(root, dirname(path), decodeURIComponent(file));
    if (relative(root, target).startsWith('..')) return [`${path}: ${link} leaves the repository`];
    if (file !== '' && !existsSync(target)) return [`${path}: ${link} is not there`];
    if (anchor === undefined || !target.endsWith('.md')) return [];
    const known = anchorsOf(target === join(root, path) ? markdown : readFileSync(target, 'utf8'));
    return known.has(decodeURIComponent(anchor)) ? [] : [`${path}: ${link} names no heading`];
  });
}

describe('links of the documents', () => {
  it('finds the pages', () => {
    expect(pages).toEqual(expect.arrayContaining(['README.md', 'CONTRIBUTING.md', 'docs/architecture.md']));
  });

  it('every relative link leads to a file, and every anchor to a heading', () => {
    expect(pages.flatMap((page) => brokenLinks(page, readFileSync(join(root, page), 'utf8')))).toEqual([]);
  });

  it('is not fooled: planted wrong links are found, code and other places are left alone', () => {
    const page = [
      '# A *page* & more',
      '## Twice',
      '## Twice',
      '[1](#a-page--more) [2](#twice-1) [3](docs/errors.md) [4](https://example.org/x.md) `[5](no.md)`',
      '```md',
      '[6](no.md)',
      '```',
      '[7](no.md) [8](#twice-2) [9](docs/errors.md#no-such) [10](../outside.md) [11]: text',
      '[12]: also-no.md',
    ].join('\n');
    expect(brokenLinks('planted.md', page)).toEqual([
      'planted.md: no.md is not there',
      'planted.md: #twice-2 names no heading',
      'planted.md: docs/errors.md#no-such names no heading',
      'planted.md: ../outside.md leaves the repository',
      'planted.md: also-no.md is not there',
    ]);
  });
});
