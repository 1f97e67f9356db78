/** programWords: how tests run the product's programs. Not part of the product. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const PACKAGES = fileURLToPath(new URL('../../../', import.meta.url));

/**
 * Arguments of `node` that run `sealane-server` or `sealane-agent`: built once before the tests, else from its sources.
 */
export function programWords(name: 'server' | 'agent'): readonly string[] {
  const folder = process.env['TEST_PROGRAMS'] ?? '';
  const built = join(folder, `${name}.js`);
  if (folder !== '' && existsSync(built)) return [built];
  return ['--conditions=@sealane/source', join(PACKAGES, name, 'src/main.ts')];
}
