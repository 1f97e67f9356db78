// Overrides for oxlint from the layer list: one per layer, since the last one that matches a file decides.
// They answer in the editor; boundaries.ts checks the same list, and what a linter cannot see, in `verify`.
import { allowedPackages, layersOf, packageNames, packagesWithoutBuiltins, rootOf, type Layer } from './layers.ts';

interface Pattern {
  regex: string;
  message: string;
}

interface Block {
  files: string[];
  excludeFiles: string[];
  rules: { 'no-restricted-imports': ['error', { patterns: Pattern[] }] };
}

const anyOf = (names: readonly string[]): string => `(${names.join('|')})`;

const packagePatterns = (packageName: string): Pattern[] => {
  const forbidden = packageNames.filter((name) => !allowedPackages(packageName).includes(name));
  if (forbidden.length === 0) return [];
  return [{ regex: `^@sealane/${anyOf(forbidden)}(/|$)`, message: 'Package arrows: packages/layers.json.' }];
};

const testOnlyPatterns = (packageName: string): Pattern[] =>
  packageNames
    .filter((name) => name !== packageName && packageName !== 'tools')
    .flatMap((name) =>
      layersOf(name)
        .filter((layer) => layer.testOnly)
        .map((layer) => `${name}/${layer.name}`),
    )
    .map((path) => ({ regex: `^@sealane/${path}$`, message: 'Only tests and tools import this.' }));

const layerPatterns = (packageName: string, layer: Layer): Pattern[] => {
  const names = layersOf(packageName).map((other) => other.name);
  const forbidden = names.filter((name) => !layer.imports.includes(name));
  if (forbidden.length === 0) return [];
  const regex = `^((\\.\\./)+|@sealane/${packageName}/)${anyOf(forbidden)}(/|\\.ts$|$)`;
  return [{ regex, message: `Layer "${layer.name}" may not import this: packages/layers.json.` }];
};

const builtinPatterns = (packageName: string, layer?: Layer): Pattern[] => {
  if (!packagesWithoutBuiltins.includes(packageName) || layer?.builtins === true) return [];
  return [{ regex: '^node:', message: 'No Node.js built-ins here: I/O comes in as a parameter.' }];
};

const block = (files: string[], patterns: Pattern[]): Block => ({
  files,
  excludeFiles: ['**/*.test.ts', '**/*.compliance.ts'],
  rules: { 'no-restricted-imports': ['error', { patterns }] },
});

const blocksOf = (packageName: string): Block[] => {
  const source = `${rootOf(packageName)}/src`;
  const outside = block(
    [`${source}/**/*.ts`],
    [...packagePatterns(packageName), ...testOnlyPatterns(packageName), ...builtinPatterns(packageName)],
  );
  const layers = layersOf(packageName).map((layer) =>
    block(
      [`${source}/${layer.name}/**/*.ts`, `${source}/${layer.name}.ts`],
      [
        ...packagePatterns(packageName),
        ...(layer.testOnly ? [] : testOnlyPatterns(packageName)),
        ...builtinPatterns(packageName, layer),
        ...layerPatterns(packageName, layer),
      ],
    ),
  );
  return [outside, ...layers];
};

/** Overrides of oxlint.config.ts, general before specific. */
export const importRuleBlocks: readonly Block[] = packageNames.flatMap(blocksOf);
