import { readFileSync } from 'node:fs';
import { build } from 'esbuild';
import { describe, expect, it } from '@jest/globals';
import { fileURLToPath } from 'node:url';
import { libraryOptions, type Manifest } from '../../src/build/options.ts';

const root = fileURLToPath(new URL('../../../', import.meta.url));

describe('build of e2ee', () => {
  it('puts the patched ts-mls into the bundle, and leaves everything else to be installed', async () => {
    const manifest = JSON.parse(readFileSync(`${root}packages/e2ee/package.json`, 'utf8')) as Manifest;
    const options = libraryOptions('packages/e2ee', manifest);
    const { metafile, outputFiles } = await build({ ...options, absWorkingDir: root, write: false, metafile: true });
    const imports = Object.values(metafile.outputs).flatMap((output) =>
      output.imports.filter(({ external }) => external),
    );
    const names = new Set(imports.map(({ path }) => path));
    expect([...names].filter((name) => name.startsWith('ts-mls'))).toEqual([]);
    expect(names).toContain('@hpke/core');
    const bundled = Object.keys(metafile.inputs).filter((path) => path.startsWith('node_modules/'));
    expect(bundled.filter((path) => !path.startsWith('node_modules/ts-mls/'))).toEqual([]);
    expect(outputFiles.some(({ text }) => text.includes('deriveKeyAndNonce'))).toBe(true);
  });
});
