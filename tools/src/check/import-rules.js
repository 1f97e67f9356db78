// ESLint blocks generated from the layer list: one per layer, since ESLint does not merge `no-restricted-imports`.
// They answer in the editor; boundaries.ts checks the same list, and what ESLint cannot see, in `verify`.
import { allowedPackages, layersOf, packageNames, packagesWithoutBuiltins } from './layers.js';

const tests = ['**/*.test.ts'];
const rootOf = (packageName) => (packageName === 'tools' ? 'tools' : `packages/${packageName}`);
const anyOf = (names) => `(${names.join('|')})`;

const packagePatterns = (packageName) => {
  const forbidden = packageNames.filter((name) => !allowedPackages(packageName).includes(name));
  if (forbidden.length === 0) return [];
  return [{ regex: `^@sealane/${anyOf(forbidden)}(/|$)`, message: 'Package arrows: packages/layers.json.' }];
};

const testOnlyPatterns = (packageName) =>
  packageNames.flatMap((name) =>
    layersOf(name)
      .filter((layer) => layer.testOnly && name !== packageName && packageName !== 'tools')
      .map((layer) => ({ regex: `^@sealane/${name}/${layer.name}$`, message: 'Only tests and tools import this.' })),
  );

const layerPatterns = (packageName, layer) => {
  const forbidden = layersOf(packageName)
    .map((other) => other.name)
    .filter((name) => !layer.imports.includes(name));
  if (forbidden.length === 0) return [];
  const regex = `^((\\.\\./)+|@sealane/${packageName}/)${anyOf(forbidden)}(/|\\.ts$|$)`;
  return [{ regex, message: `Layer "${layer.name}" may not import this: packages/layers.json.` }];
};

const builtinPatterns = (packageName, layer) => {
  if (!packagesWithoutBuiltins.includes(packageName) || layer?.builtins) return [];
  return [{ regex: '^node:', message: 'No Node.js built-ins here: I/O comes in as a parameter.' }];
};

const block = (packageName, files, patterns) => ({
  name: `imports of ${files[0]}`,
  files,
  ignores: tests,
  rules: { 'no-restricted-imports': ['error', { patterns }] },
});

export const importRuleBlocks = packageNames.flatMap((packageName) => {
  const source = `${rootOf(packageName)}/src`;
  const common = [...packagePatterns(packageName), ...testOnlyPatterns(packageName)];
  const layers = layersOf(packageName);
  return [
    block(packageName, [`${source}/**/*.ts`], [...common, ...builtinPatterns(packageName)]),
    ...layers.map((layer) =>
      block(
        packageName,
        [`${source}/${layer.name}/**/*.ts`, `${source}/${layer.name}.ts`],
        [...common, ...builtinPatterns(packageName, layer), ...layerPatterns(packageName, layer)],
      ),
    ),
  ].filter((each) => each.rules['no-restricted-imports'][1].patterns.length > 0);
});
