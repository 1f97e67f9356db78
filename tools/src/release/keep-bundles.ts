/**
 * Keeps the present bundles as fixtures of their version (docs/protocols/versions.md §5): copies `dist/main.js` of server
 * and agent, and collects the licences of what is bundled in them. An existing version is not changed.
 *
 * Run it after `npx nx run-many -t build`.
 */
import { copyFileSync, existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { bundledPackages } from './bundled-packages.ts';

const root = join(import.meta.dirname, '..', '..', '..');
const programs = ['server', 'agent'] as const;

const { version } = JSON.parse(readFileSync(join(root, 'packages/server/package.json'), 'utf8')) as { version: string };
const folder = join(root, 'tools/fixtures/releases', version);
if (existsSync(folder)) {
  process.stderr.write(`the bundles of ${version} are kept already: releases never change\n`);
  process.exit(1);
}
mkdirSync(folder, { recursive: true });
for (const program of programs) {
  copyFileSync(join(root, 'packages', program, 'dist/main.js'), join(folder, `${program}.js`));
}
writeFileSync(join(folder, 'LICENSES.txt'), licences());
process.stdout.write(`kept ${readdirSync(folder).join(', ')} as ${version}\n`);

/** Name, version and licence text of each package in the bundles. */
function licences(): string {
  const texts = bundledPackages(root).map(({ name, version: packageVersion, licence, text }) => {
    return `${name} ${packageVersion} (${licence})\n\n${text.trim()}\n`;
  });
  return texts.join(`\n${'-'.repeat(80)}\n\n`);
}
