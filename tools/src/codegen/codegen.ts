/**
 * Every generator of the workspace, and the comparison of what they write with what is there.
 *
 * Each generator returns whole files. The folders in `ownedFolders` hold nothing else, so that the page of a packet
 * that is gone is stale too.
 */
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { registryFaults, CLEAR_PACKET_SPECS, PACKET_SPECS } from '@sealane/shared/packets';
import { generateCodecs } from './codecs.ts';
import { generateAdminApi } from './docs/admin-api.ts';
import { generateErrorsPage } from './docs/errors-page.ts';
import { generatePacketIndex } from './docs/packet-index.ts';
import { generatePacketPages } from './docs/packet-pages.ts';
import { generateRegistry } from './docs/registry.ts';
import type { GeneratedFile } from './generated-file.ts';
import { generateVectors } from './vectors.ts';
import { generateDissector } from './wireshark.ts';

const generators: readonly (() => Promise<readonly GeneratedFile[]>)[] = [
  generateCodecs,
  generateVectors,
  generatePacketPages,
  generatePacketIndex,
  generateRegistry,
  generateErrorsPage,
  generateDissector,
  generateAdminApi,
];

const ownedFolders = ['docs/packets', 'packages/shared/src/packets/generated'];

/** What differs from what the generators write. */
export interface Stale {
  /** Files that are missing or hold something else. */
  readonly differing: readonly GeneratedFile[];
  /** Paths of files in an owned folder that no generator writes. */
  readonly leftOver: readonly string[];
}

/** @throws RangeError when the specs contradict each other or what was released. */
export async function generateAll(): Promise<readonly GeneratedFile[]> {
  const faults = registryFaults([...CLEAR_PACKET_SPECS, ...PACKET_SPECS]);
  if (faults.length > 0) throw new RangeError(faults.join('; '));
  return (await Promise.all(generators.map((generate) => generate()))).flat();
}

/** Compares `files` with the workspace at `root`. */
export function findStale(files: readonly GeneratedFile[], root: string): Stale {
  const written = new Set(files.map(({ path }) => path));
  return {
    differing: files.filter(({ path, text }) => readOrEmpty(join(root, path)) !== text),
    leftOver: ownedFolders
      .flatMap((folder) => listOrEmpty(join(root, folder)).map((name) => `${folder}/${name}`))
      .filter((path) => !written.has(path)),
  };
}

function readOrEmpty(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

function listOrEmpty(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
