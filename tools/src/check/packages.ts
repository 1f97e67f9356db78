// Checks the published packages as a registry would get them, after a build: publint for the manifests and files,
// "are the types wrong" for what TypeScript consumers resolve.
import { spawnSync } from 'node:child_process';
import { packageNames } from './layers.ts';

// Sealane is ESM only: CommonJS callers and the resolution of old TypeScript versions are not served.
const attwFlags = '--profile esm-only --format ascii --no-summary --no-emoji --exclude-entrypoints package.json';

const run = (command: string): boolean => {
  const { status, stdout, stderr } = spawnSync(command, { shell: true, encoding: 'utf8' });
  if (status !== 0) console.error(`packages: failed: ${command}\n${stdout}${stderr}`);
  return status === 0;
};

const published = packageNames.filter((name) => name !== 'tools');
const results = published.flatMap((name) => [
  run(`publint --strict packages/${name}`),
  run(`attw --pack packages/${name} ${attwFlags}`),
]);

console.log(`packages: ${published.length} checked, ${results.filter((ok) => !ok).length} findings`);
process.exitCode = results.every(Boolean) ? 0 : 1;
