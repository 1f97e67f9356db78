/** programWords, testProgramWords: how tests run the product's programs, and those of their own. Not part of the product. */
import { existsSync } from 'node:fs';
import { join, relative } from 'node:path';
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

/**
 * Arguments of `node` that run a program of the tests themselves, such as a process that they kill: built once before the
 * tests where `tools/src/build/test-programs.ts` names it, else from its source.
 *
 * @param file its source.
 */
export function testProgramWords(file: string): readonly string[] {
  const folder = process.env['TEST_PROGRAMS'] ?? '';
  const built = join(folder, relative(PACKAGES, file).replace(/ts$/, 'js'));
  if (folder !== '' && existsSync(built)) return [built];
  return ['--conditions=@sealane/source', file];
}
