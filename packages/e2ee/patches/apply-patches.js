// Mends ts-mls after it was installed: `apply-patches.js [--package FOLDER] [--reverse]`, run by `postinstall` of the
// workspace. Needs nothing but Node.js 20. Does nothing where ts-mls is not installed, or is mended already; fails where
// it is neither what was published nor what the patch makes of that.
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const VERSION = '1.6.4';
const patchFile = fileURLToPath(new URL(`./ts-mls+${VERSION}.patch`, import.meta.url));
const workspace = fileURLToPath(new URL('../../../', import.meta.url));

/** SHA-256 of the files that the patch changes: as published, and mended. */
const HASHES = {
  'dist/src/clientState.js': [
    '63645bc3be6ec7f6d4f6d88af5c0b63e34f5e1fea693c62bd958d228b51b6f61',
    '3599678f8789e41f9b6c4a6396c7eb24c66b76e6ff6bec5e63d3ecaa6df6a8d1',
  ],
  'dist/src/secretTree.d.ts': [
    '9b363944e33e67a00affbe118efb668a443c93953705bbd2bef87188f9ecda4c',
    '917b175d631072265ce53a4c5e30c9bb05f98ea4a28fc24bf92142d76a141a2b',
  ],
  'dist/src/secretTree.js': [
    '00faf2bf2892a70591f99cb520f54c1f1c257ad4bc09f9b72009883573854bc8',
    'd1a9e4b17b4fdf415753bc492febb97e85babe730409d4aca6e8e23966528bea',
  ],
};

const failWith = (message) => {
  console.error(`ts-mls could not be patched: ${message}`);
  console.error(
    'Remove node_modules and run `npm ci`. After a change of its version, make the patch and its hashes anew',
  );
  console.error(`(${patchFile}); never work without it: removed members and seized devices could read messages.`);
  process.exit(1);
};

/** The hunks of each file of a unified diff: from which line on (from 0), and the lines with their signs. */
const parsePatch = (text) => {
  const files = new Map();
  let hunks = [];
  for (const line of text.split('\n')) {
    const start = /^@@ -(\d+)/.exec(line);
    if (line.startsWith('--- a/')) files.set(line.slice('--- a/'.length), (hunks = []));
    else if (start !== null) hunks.push({ from: Number(start[1]) - 1, lines: [] });
    else if (/^[ +-]/.test(line) && !line.startsWith('+++ ')) hunks.at(-1)?.lines.push(line);
  }
  return files;
};

/** The text after all hunks; every line that they name has to be where they say. */
const applyHunks = (path, text, hunks) => {
  const lines = text.split('\n');
  const result = [];
  let at = 0;
  for (const hunk of hunks) {
    while (at < hunk.from) result.push(lines[at++]);
    for (const line of hunk.lines) {
      const content = line.slice(1);
      if (line[0] !== '+' && lines[at++] !== content) failWith(`line ${at} of ${path} is not as expected`);
      if (line[0] !== '-') result.push(content);
    }
  }
  return [...result, ...lines.slice(at)].join('\n');
};

const reversed = (hunks) => {
  let shift = 0;
  return hunks.map(({ from, lines }) => {
    const count = (sign) => lines.filter((line) => line[0] === sign).length;
    const hunk = {
      from: from + shift,
      lines: lines.map((line) => line.replace(/^[+-]/, (sign) => (sign === '+' ? '-' : '+'))),
    };
    shift += count('+') - count('-');
    return hunk;
  });
};

const hashOf = (text) => createHash('sha256').update(text).digest('hex');

const patchFolder = (folder, isReverse) => {
  const { version } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  if (version !== VERSION) failWith(`${folder} has version ${version}, the patch is for ${VERSION}`);
  const files = parsePatch(readFileSync(patchFile, 'utf8'));
  if ([...files.keys()].sort().join() !== Object.keys(HASHES).sort().join()) failWith('the patch changes other files');
  // All files are read and checked before the first is written.
  const changed = [];
  for (const [path, hunks] of files) {
    const [before, after] = isReverse ? HASHES[path].toReversed() : HASHES[path];
    const text = readFileSync(join(folder, path), 'utf8');
    if (hashOf(text) === after) continue;
    if (hashOf(text) !== before) failWith(`${join(folder, path)} is not the file of ts-mls ${VERSION}`);
    const result = applyHunks(path, text, isReverse ? reversed(hunks) : hunks);
    if (hashOf(result) !== after) failWith(`${patchFile} makes something else of ${path} than it should`);
    changed.push([join(folder, path), result]);
  }
  for (const [file, text] of changed) {
    writeFileSync(`${file}.new`, text);
    renameSync(`${file}.new`, file);
  }
  if (changed.length > 0) console.log(`ts-mls ${VERSION}: ${isReverse ? 'patch taken back' : 'patched'}`);
};

const args = process.argv.slice(2);
const named = args.includes('--package') ? args[args.indexOf('--package') + 1] : undefined;
const places = named === undefined ? ['node_modules', 'packages/e2ee/node_modules'] : [];
const folders = [...places.map((place) => join(workspace, place, 'ts-mls')), ...(named === undefined ? [] : [named])];
for (const folder of folders) if (existsSync(folder)) patchFolder(folder, args.includes('--reverse'));
