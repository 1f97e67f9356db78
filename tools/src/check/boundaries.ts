// Checks every import of the workspace against packages/layers.json and the package.json files:
// package arrows, layer order, Node.js built-ins in the wire's core, undeclared npm packages, cycles of files.
// It sees all of them on any machine, unlike lint rules, and fails with one line per finding.
import { readFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { findCycles } from './cycles.ts';
import { allowedPackages, layersOf, packagesWithoutBuiltins, rootOf, type Layer } from './layers.ts';
import { readSources, type Import, type Source } from './sources.ts';

interface Manifest {
  exports?: Record<string, unknown>;
  dependencies?: Record<string, string>;
  optionalDependencies?: Record<string, string>;
  peerDependencies?: Record<string, string>;
  devDependencies?: Record<string, string>;
}

const manifestOf = (folder: string): Manifest => JSON.parse(readFileSync(`${folder}/package.json`, 'utf8')) as Manifest;

const declaredIn = (source: Source): Set<string> => {
  const own = manifestOf(rootOf(source.packageName));
  const product = { ...own.dependencies, ...own.optionalDependencies, ...own.peerDependencies };
  if (!source.isTest && source.packageName !== 'tools') return new Set(Object.keys(product));
  // A test may use its own package by name, as its users do.
  const names = Object.keys({ ...product, ...own.devDependencies, ...manifestOf('.').devDependencies });
  return new Set([...names, `@sealane/${source.packageName}`]);
};

const packageOf = (specifier: string): string =>
  specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');

const layerOf = (source: Source): Layer | undefined =>
  layersOf(source.packageName).find((layer) => layer.name === source.layerName);

function* checkExternal(source: Source, specifier: string): Generator<string> {
  if (isBuiltin(specifier)) {
    const allowed = !packagesWithoutBuiltins.includes(source.packageName) || source.isTest;
    if (!allowed && layerOf(source)?.builtins !== true) yield `imports the Node.js built-in "${specifier}"`;
    if (!specifier.startsWith('node:')) yield `imports the built-in "${specifier}" without its "node:" prefix`;
    return;
  }
  const name = packageOf(specifier);
  if (!declaredIn(source).has(name)) yield `imports "${name}", which its package.json does not declare`;
}

function* checkInternal(source: Source, target: Source): Generator<string> {
  if (!allowedPackages(source.packageName).includes(target.packageName)) {
    yield `(${source.packageName}) may not import package ${target.packageName}`;
  }
  if (source.isTest) return;
  if (target.isTest && layerOf(source)?.testOnly !== true) yield `imports the test file ${target.path}`;
  const targetLayer = layerOf(target);
  const layer = layerOf(source);
  if (source.packageName !== target.packageName) {
    const allowed = targetLayer?.testOnly !== true || layer?.testOnly === true || source.packageName === 'tools';
    if (!allowed) yield `imports test-only ${target.path}`;
    return;
  }
  if (layer === undefined) return;
  if (targetLayer === undefined) yield `(layer ${layer.name}) imports ${target.path}, which belongs to no layer`;
  else if (!layer.imports.includes(targetLayer.name)) yield `(layer ${layer.name}) may not import ${targetLayer.name}`;
}

function* checkImport(sources: ReadonlyMap<string, Source>, source: Source, each: Import): Generator<string> {
  const isOwn = each.specifier.startsWith('.');
  const isWorkspace = each.specifier.startsWith('@sealane/');
  if (!isOwn) yield* checkExternal(source, each.specifier);
  if (!isOwn && !isWorkspace) return;
  if (each.target === undefined) {
    yield `imports "${each.specifier}", which is not there or not exported`;
    return;
  }
  const target = sources.get(each.target);
  if (target === undefined) return;
  if (isOwn && target.packageName !== source.packageName) yield `imports ${target.path} by path: use its package name`;
  yield* checkInternal(source, target);
}

function* checkSource(sources: ReadonlyMap<string, Source>, source: Source): Generator<string> {
  const hasLayers = layersOf(source.packageName).length > 0;
  if (hasLayers && source.isInFolder && !source.isTest && layerOf(source) === undefined) {
    yield `layer "${source.layerName}" is not listed in packages/layers.json`;
  }
  for (const each of source.imports) yield* checkImport(sources, source, each);
}

const sources = readSources();
const findings = [...sources.values()].flatMap((source) =>
  [...checkSource(sources, source)].map((finding) => `${source.path}: ${finding}`),
);
const graph = new Map(
  [...sources].map(([path, source]) => [path, source.imports.flatMap((each) => each.target ?? [])]),
);
findings.push(...findCycles(graph).map((cycle) => `cycle: ${cycle.join(' → ')}`));

for (const finding of findings) console.error(finding);
console.log(`boundaries: ${sources.size} files, ${findings.length} findings`);
process.exitCode = findings.length === 0 ? 0 : 1;
