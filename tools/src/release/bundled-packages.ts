/** The packages of the registry that server and agent bundle, with their licences: what they depend on, all the way down. */
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

/** One package. */
export interface BundledPackage {
  readonly name: string;
  readonly version: string;
  /** SPDX expression of its package.json. */
  readonly licence: string;
  /** Its licence file, or a sentence that says that it has none. */
  readonly text: string;
}

interface Manifest {
  readonly version?: string;
  readonly license?: string;
  readonly dependencies?: Readonly<Record<string, string>>;
}

/** Sorted by name. @param root folder of the workspace. */
export function bundledPackages(root: string): BundledPackage[] {
  const seen = new Map<string, BundledPackage>();
  for (const own of ['server', 'agent', 'e2ee', 'node', 'shared']) {
    for (const name of dependenciesOf(join(root, 'packages', own))) collect(root, name, seen);
  }
  return [...seen.values()].sort((left, right) => left.name.localeCompare(right.name, 'en'));
}

function collect(root: string, name: string, seen: Map<string, BundledPackage>): void {
  const folder = join(root, 'node_modules', name);
  if (name.startsWith('@sealane/') || seen.has(name) || !existsSync(folder)) return;
  const { version = '', license = 'unknown' } = manifestOf(folder);
  seen.set(name, { name, version, licence: license, text: licenceText(folder) });
  for (const dependency of dependenciesOf(folder)) collect(root, dependency, seen);
}

function dependenciesOf(folder: string): string[] {
  return Object.keys(manifestOf(folder).dependencies ?? {});
}

function manifestOf(folder: string): Manifest {
  return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Manifest;
}

function licenceText(folder: string): string {
  const file = readdirSync(folder).find((name) => /^licen[sc]e/i.test(name));
  return file === undefined ? 'The package has no licence file of its own.' : readFileSync(join(folder, file), 'utf8');
}
