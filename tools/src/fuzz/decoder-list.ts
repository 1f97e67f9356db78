/** Finds the decoders that are fuzzed: those that the packages list in their tests. */
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { FuzzDecoder } from '@sealane/shared/testing';
import layers from '../../../packages/layers.json' with { type: 'json' };

const moduleOf = (name: string): string => `packages/${name}/test/fuzz/decoders.ts`;

/** @param module in place of those of the packages. @returns files relative to the workspace. */
export function decoderModules(module: string | undefined): readonly string[] {
  return module === undefined ? Object.keys(layers.packages).map(moduleOf).filter(existsSync) : [module];
}

/** The decoders of a module that was named, or what is wrong with it. */
export async function loadNamedDecoders(module: string): Promise<readonly FuzzDecoder[] | TypeError> {
  try {
    const decoders: unknown = await loadDecoders([module]);
    if (Array.isArray(decoders) && decoders.length > 0 && decoders.every(Boolean)) return decoders as FuzzDecoder[];
  } catch (error) {
    const [line] = (error as Error).message.split('\n', 1);
    return new TypeError(`--decoders cannot be loaded: ${line ?? ''}`, { cause: error });
  }
  return new TypeError(`--decoders expected a module that exports DECODERS, got ${module}`);
}

/** Every decoder of the modules, with the module it is of. */
export async function loadDecoders(modules: readonly string[]): Promise<readonly FuzzDecoder[]> {
  const loaded = await Promise.all(
    modules.map((file) => import(pathToFileURL(resolve(file)).href) as Promise<{ DECODERS: readonly FuzzDecoder[] }>),
  );
  return loaded.flatMap(({ DECODERS }) => DECODERS);
}
