/**
 * StoreMarker: what a node knows of the store on Redis, in a file of its own, so that a Redis that was flushed or set back
 * while no node ran is noticed too (M10). It may be behind by a minute: it finds a loss, it does not measure it.
 */
import { existsSync, readFileSync } from 'node:fs';
import * as z from 'zod/mini';
import { writeFileAtomic } from '@sealane/node/keys';

const markerSchema = z.strictObject({ store: z.string(), nextSequence: z.number(), highestEpoch: z.number() });

export type StoreMarker = z.infer<typeof markerSchema>;

/** Undefined where there is none that can be read: it is a help, never a reason not to start. */
export function readStoreMarker(file: string): StoreMarker | undefined {
  if (!existsSync(file)) return undefined;
  try {
    const result = z.safeParse(markerSchema, JSON.parse(readFileSync(file, 'utf8')));
    return result.success ? result.data : undefined;
  } catch {
    return undefined;
  }
}

/** @throws StorageError when the disk refuses. */
export function writeStoreMarker(file: string, marker: StoreMarker): void {
  writeFileAtomic(file, `${JSON.stringify(marker)}\n`);
}
