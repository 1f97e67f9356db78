/**
 * Checks the published packages as a registry would get them, after a build: publint for the manifests and files,
 * "are the types wrong" for what TypeScript consumers resolve. They are packed once, by npm itself, for both.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';
import { packageNames } from './layers.ts';

interface Packed {
  readonly manifest: Record<string, unknown>;
  readonly file: string;
}

const published = packageNames.filter((name) => name !== 'tools').map((name) => `packages/${name}`);

// Sealane is ESM only: CommonJS callers and the resolution of old TypeScript versions are not served.
const ATTW_FLAGS = '--profile esm-only --format ascii --no-summary --no-emoji --exclude-entrypoints package.json';

// The same program runs once for each package.
process.env['NODE_COMPILE_CACHE'] ??= 'node_modules/.cache/node-compile';

function run(command: string): boolean {
  const { status, signal, error, stdout, stderr } = spawnSync(command, { shell: true, encoding: 'utf8' });
  if (status !== 0)
    console.error(`packages: failed (${error?.message ?? signal ?? status}): ${command}\n${stdout}${stderr}`);
  return status === 0;
}

/** @returns nothing where npm refuses one of them. */
function pack(folder: string): readonly Packed[] {
  const sources = published.map((source) => `./${source}`).join(' ');
  if (!run(`npm pack --silent --pack-destination ${folder} ${sources}`)) return [];
  return published.map((source) => {
    const manifest = JSON.parse(readFileSync(`${source}/package.json`, 'utf8')) as Record<string, unknown>;
    const base = `${String(manifest['name'])}-${String(manifest['version'])}`.replace('@', '').replace('/', '-');
    return { manifest, file: join(folder, `${base}.tgz`) };
  });
}

async function isWellMade({ manifest, file }: Packed): Promise<boolean> {
  const tarball = Uint8Array.from(readFileSync(file)).buffer;
  const { messages } = await publint({ pack: { tarball }, strict: true });
  for (const message of messages) {
    const text = formatMessage(message, manifest, { color: false });
    console.error(`packages: ${String(manifest['name'])}: ${message.type}: ${text ?? message.code}`);
  }
  return messages.every(({ type }) => type !== 'error');
}

const folder = mkdtempSync(join(tmpdir(), 'sealane-packages-'));
const results: boolean[] = [];
try {
  const packed = pack(folder);
  if (packed.length === 0) results.push(false);
  for (const each of packed) results.push(await isWellMade(each), run(`attw ${each.file} ${ATTW_FLAGS}`));
} finally {
  rmSync(folder, { recursive: true });
}

console.log(`packages: ${published.length} checked, ${results.filter((ok) => !ok).length} findings`);
process.exitCode = results.every(Boolean) ? 0 : 1;
