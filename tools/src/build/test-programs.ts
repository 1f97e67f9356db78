// Builds the programs and worker threads that tests start into `node_modules/.cache/`, unless they are there, and prints the
// folder: a program from its sources takes four times as long to start.
import { createHash } from 'node:crypto';
import {
  existsSync,
  globSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname } from 'node:path';
import { build, type BuildOptions } from 'esbuild';
import { bundleWorker } from './embedded-worker.ts';
import { programOptions, type Manifest } from './options.ts';

const PROGRAMS = ['server', 'agent'];
/** Programs of the tests themselves, that they start often; each runs from its sources too. */
const OF_TESTS = [
  'packages/node/test/cli/demo-program.ts',
  'packages/server/test/messaging/sending-process.ts',
  'packages/server/test/reliability/server-host.ts',
  'packages/server/test/store/store-child.ts',
];
const WORKERS = [
  'packages/server/src/store/sqlite/sqlite-worker.ts',
  'packages/server/src/messaging/store/messaging-worker.ts',
];
const CACHE = 'node_modules/.cache/sealane-programs';
/** Folders of earlier sources are kept for as long: another run may use them. */
const KEPT_MS = 24 * 3_600_000;

/** Of the files a program is made of: other sizes or times, another folder. */
function fingerprint(): string {
  const hash = createHash('sha256').update(process.execPath);
  const files = globSync([
    'package-lock.json',
    'packages/*/package.json',
    'packages/*/src/**/*.{js,ts}',
    'tools/src/build/*.ts',
    ...OF_TESTS.map((file) => `${dirname(file)}/*.ts`),
    'packages/server/test/*.ts',
  ]);
  for (const file of files.filter((name) => !name.endsWith('.test.ts')).sort()) {
    const { size, mtimeMs } = statSync(file);
    hash.update(`${file} ${size} ${mtimeMs}\n`);
  }
  return hash.digest('hex').slice(0, 16);
}

const optionsOf = (name: string): BuildOptions => {
  const folder = `packages/${name}`;
  const manifest = JSON.parse(readFileSync(`${folder}/package.json`, 'utf8')) as Manifest;
  return { ...programOptions(folder, manifest), sourcemap: false };
};

async function buildInto(target: string): Promise<void> {
  mkdirSync(`${target}/bin`, { recursive: true });
  // As beside an installed program: Node.js would try each as CommonJS first.
  writeFileSync(`${target}/package.json`, '{ "type": "module" }\n');
  for (const file of OF_TESTS) {
    const [, name = ''] = file.split('/');
    const outfile = `${target}/${file.replace(/^packages\//, '').replace(/ts$/, 'js')}`;
    await build({ ...optionsOf(name), entryPoints: [file], outfile });
  }
  for (const file of WORKERS) writeFileSync(`${target}/${basename(file, '.ts')}.cjs`, await bundleWorker(file));
  for (const name of PROGRAMS) {
    await build({ ...optionsOf(name), outfile: `${target}/${name}.js` });
    const command = `#!/bin/sh\nexec "${process.execPath}" "$(dirname "$0")/../${name}.js" "$@"\n`;
    writeFileSync(`${target}/bin/sealane-${name}`, command, { mode: 0o755 });
  }
}

function removeOld(): void {
  for (const known of readdirSync(CACHE)) {
    const path = `${CACHE}/${known}`;
    if (Date.now() - statSync(path).mtimeMs > KEPT_MS) rmSync(path, { recursive: true, force: true });
  }
}

const target = `${CACHE}/${fingerprint()}`;
if (!existsSync(target)) {
  mkdirSync(CACHE, { recursive: true });
  removeOld();
  const making = `${target}.${process.pid}`;
  await buildInto(making);
  try {
    renameSync(making, target);
  } catch (error) {
    // Another run was faster.
    rmSync(making, { recursive: true, force: true });
    if (!existsSync(target)) throw error;
  }
}
console.log(target);
