// Puts the declarations that `tsc -b` wrote to `out-tsc/src/` beside the bundled code in `dist/`.
import { globSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

// `.ts` specifiers become `.js`, which consumers resolve to the declarations without options of their own.
const publishSpecifiers = (text: string): string =>
  text.replaceAll(/((?:from|import\()\s*['"]\.[^'"]*)\.ts(?=['"])/g, '$1.js');

// One folder less lies between the map and the sources: `out-tsc/src/x` becomes `dist/x`.
const publishMap = (text: string): string => text.replaceAll('"../../', '"../');

/** Copies the declarations of one package, without those of its tests. */
export const copyDeclarations = (folder: string): void => {
  const from = `${folder}/out-tsc/src`;
  for (const path of globSync(`${from}/**/*.d.ts{,.map}`)) {
    if (path.includes('.test.d.ts')) continue;
    const target = `${folder}/dist${path.slice(from.length)}`;
    const text = readFileSync(path, 'utf8');
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(target, path.endsWith('.map') ? publishMap(text) : publishSpecifiers(text));
  }
};
