// The TypeScript files of the workspace with their imports resolved to files of it, read without running them.
import { existsSync, globSync, readFileSync } from 'node:fs';
import { posix } from 'node:path';
import { parseSync, Visitor } from 'oxc-parser';
import { packageNames, rootOf } from './layers.ts';

/** One import, `import()`, `export … from` or type import. */
export interface Import {
  readonly specifier: string;
  /** File of the workspace it leads to; undefined for npm packages, built-ins and what is not there. */
  readonly target: string | undefined;
}

/** One file; paths are relative to the root of the workspace, with forward slashes. */
export interface Source {
  readonly path: string;
  readonly packageName: string;
  /** First path segment below `src/`, without `.ts`. */
  readonly layerName: string;
  /** Whether it lies in a folder below `src/`, so that the folder has to be a layer. */
  readonly isInFolder: boolean;
  readonly isTest: boolean;
  readonly imports: readonly Import[];
}

interface ExportsManifest {
  exports?: Record<string, string | { '@sealane/source'?: string }>;
}

const exportsOf = new Map(
  packageNames.map((name) => {
    const manifest = JSON.parse(readFileSync(`${rootOf(name)}/package.json`, 'utf8')) as ExportsManifest;
    return [name, manifest.exports ?? {}];
  }),
);

const resolveWorkspace = (specifier: string): string | undefined => {
  const [, packageName = '', ...subpath] = specifier.split('/');
  const entry = exportsOf.get(packageName)?.[['.', ...subpath].join('/')];
  const file = typeof entry === 'string' ? entry : entry?.['@sealane/source'];
  return file === undefined ? undefined : posix.join(rootOf(packageName), file);
};

const resolve = (path: string, specifier: string): string | undefined => {
  const file = specifier.startsWith('.')
    ? posix.join(posix.dirname(path), specifier)
    : specifier.startsWith('@sealane/')
      ? resolveWorkspace(specifier)
      : undefined;
  return file !== undefined && existsSync(file) ? file : undefined;
};

/** What a file imports, `export … from` and types included; an `import()` of a computed name is left out. */
const specifiersOf = (path: string, text: string): string[] => {
  const { program, module, errors } = parseSync(path, text);
  const [error] = errors;
  if (error !== undefined) throw new Error(`${path}: ${error.codeframe ?? error.message}`);
  const inTypes: string[] = [];
  new Visitor({ TSImportType: ({ source }) => void inTypes.push(source.value) }).visit(program);
  const exported = module.staticExports.flatMap(({ entries }) =>
    entries.map(({ moduleRequest }) => moduleRequest?.value),
  );
  const dynamic = module.dynamicImports.map(
    ({ moduleRequest: { start, end } }) => /^(['"`])([^$]*)\1$/.exec(text.slice(start, end))?.[2],
  );
  return [
    ...module.staticImports.map(({ moduleRequest }) => moduleRequest.value),
    ...exported,
    ...dynamic,
    ...inTypes,
  ].filter((specifier) => specifier !== undefined);
};

const readSource = (packageName: string, path: string): Source => {
  const inPackage = posix.relative(rootOf(packageName), path);
  const [folder, first = ''] = inPackage.split('/');
  const specifiers = [...new Set(specifiersOf(path, readFileSync(path, 'utf8')))];
  return {
    path,
    packageName,
    layerName: first.replace(/\.ts$/, ''),
    isInFolder: folder === 'src' && !first.endsWith('.ts'),
    isTest: folder !== 'src' || /\.(test|compliance)\.ts$/.test(path),
    imports: specifiers.map((specifier) => ({ specifier, target: resolve(path, specifier) })),
  };
};

/** Reads every `.ts` file under `src/` and `test/` of every package, keyed by path. */
export const readSources = (): ReadonlyMap<string, Source> => {
  const sources = packageNames.flatMap((name) =>
    globSync(`${rootOf(name)}/{src,test}/**/*.ts`)
      .sort()
      .map((path) => readSource(name, path.replaceAll('\\', '/'))),
  );
  return new Map(sources.map((source) => [source.path, source]));
};
