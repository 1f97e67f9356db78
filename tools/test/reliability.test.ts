/** docs/reliability.md: every row of the catalogue and every weakness has a line, and every test file that a line names is there. */
import { existsSync, globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';

const root = join(import.meta.dirname, '..', '..');
const lines = readFileSync(join(root, 'docs', 'reliability.md'), 'utf8').split('\n');

/** The rows that hold for what there is: transport, decoders, connections, delivery, storage, nodes, messages, accounts, operation. */
const CATALOGUE = [
  ...rows('T', [2, 3, 5, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17]),
  ...rows('D', [2, 4, 5, 6, 7, 8, 9, 10, 11, 12]),
  ...rows('B', [2, 3, 4, 5, 6, 8, 9, 10, 11, 12, 13]),
  ...rows('R', [1, 2, 3, 4, 6, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17]),
  ...rows('S', [1, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13]),
  ...rows('M', [2, 3, 4, 5, 6, 7, 8, 9, 10]),
  ...rows('E', [2, 3, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17]),
  ...rows('A', [2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13]),
  ...rows('C', [2, 3, 4, 5, 6]),
  ...rows('O', [1, 2, 3, 4, 5, 6, 7, 8]),
];

/** The weaknesses of earlier systems that what there is could have too. */
const WEAKNESSES = [...weaknesses('2.0', 23), ...weaknesses('2.1', 24), ...weaknesses('2.4', 15)];

const IDS = [...CATALOGUE, ...WEAKNESSES];

function weaknesses(system: string, count: number): string[] {
  return Array.from({ length: count }, (_, index) => `${system}.${index + 1}`);
}

function rows(letter: string, numbers: readonly number[]): string[] {
  return numbers.map((number) => `${letter}${number}`);
}

/** The ids in the first cell of a line of a table: of the catalogue, and of weaknesses as `2.0.1`. */
function idsOf(line: string): readonly string[] {
  return line.split('|')[1]?.match(/\b([A-Z]\d+|\d\.\d\.\d+)\b/g) ?? [];
}

/** Folders that the page names by a letter. */
const FOLDERS = [
  [/^R\//, 'server/test/reliability/'],
  [/^A\//, 'agent/test/messaging/'],
  [/^E\//, 'e2ee/test/'],
] as const;

/** The paths of a line, with `{a,b}` and wildcards as they stand. */
function pathsOf(line: string): readonly string[] {
  const quoted = [...line.matchAll(/`([^` ]+)`/g)].map(([, path = '']) => path);
  const isPath = /^(R|A|E|\{[a-z,]+\}|shared|node|server|agent|tools|e2ee)\/[^:]*(\.ts|\/)$/;
  return quoted.filter((path) => isPath.test(path));
}

function isThere(path: string): boolean {
  return patternsOf(path).every((one) => existsSync(join(root, one)) || globSync(one, { cwd: root }).length > 0);
}

/** A path of a line from the root, each of its alternatives. */
function patternsOf(path: string): readonly string[] {
  const whole = FOLDERS.reduce((short, [letter, folder]) => short.replace(letter, folder), path);
  return alternatives(whole.startsWith('tools/') ? whole : `packages/${whole}`);
}

/** What is in the files of a path. */
function sourcesAt(path: string): readonly string[] {
  return patternsOf(path)
    .flatMap((pattern) => globSync(pattern.endsWith('.ts') ? pattern : join(pattern, '**', '*.ts'), { cwd: root }))
    .map((file) => readFileSync(join(root, file), 'utf8'));
}

/** Whether the id stands in a text, as a title of a test has it. */
function hasTitleWith(source: string, id: string): boolean {
  return new RegExp(`['"\`][^'"\`\n]*\\b${id.replaceAll('.', '\\.')}\\b`).test(source);
}

/** `a/{b,c}` as `a/b` and `a/c`. */
function alternatives(pattern: string): string[] {
  const [whole, choices = ''] = /\{([^}]*)\}/.exec(pattern) ?? [];
  if (whole === undefined) return [pattern];
  return choices.split(',').flatMap((choice) => alternatives(pattern.replace(whole, choice)));
}

describe('docs/reliability.md', () => {
  it('has a line with a test or a reason for every row of the catalogue and every weakness', () => {
    const told = new Set(lines.filter((line) => line.startsWith('|')).flatMap(idsOf));
    expect(IDS.filter((id) => !told.has(id))).toEqual([]);
  });

  it('rows name a test that has their id in its title, unless they say why there is none', () => {
    const rowsOf = lines
      .filter((line) => line.startsWith('|'))
      .map((line) => ({ ids: idsOf(line), paths: pathsOf(line) }));
    const unshown = IDS.filter((id) => {
      const paths = rowsOf.filter(({ ids }) => ids.includes(id)).flatMap((row) => row.paths);
      return paths.length > 0 && !paths.flatMap(sourcesAt).some((source) => hasTitleWith(source, id));
    });
    expect(unshown).toEqual([]);
  });

  it('names test files that are there', () => {
    const paths = lines.filter((line) => line.startsWith('|')).flatMap(pathsOf);
    expect(paths.length).toBeGreaterThan(100);
    expect(paths.filter((path) => !isThere(path))).toEqual([]);
  });
});
