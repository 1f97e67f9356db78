/** Rules that all specs together must keep: `docs/packets/README.md`, "Evolution". Checked by generators and tests. */
import { PACKET_RANGES, RELEASED_PACKET_IDS, RETIRED_PACKET_IDS } from './released.ts';

/** What the rules need to know of a spec. */
export interface RegisteredPacket {
  readonly id: number;
  readonly name: string;
  readonly since: number;
}

/** What was released, as in `released.ts`. */
export interface Released {
  readonly versions: Readonly<Record<number, readonly number[]>>;
  readonly retired: readonly { readonly id: number }[];
}

const RELEASED: Released = { versions: RELEASED_PACKET_IDS, retired: RETIRED_PACKET_IDS };

/**
 * Checks ids against each other and against what was released.
 *
 * @returns one sentence for each rule broken; empty when all is well.
 */
export function registryFaults(specs: readonly RegisteredPacket[], released: Released = RELEASED): readonly string[] {
  const faults: string[] = [];
  const names = new Map<number, string>();
  for (const { id, name, since } of specs) {
    const earlier = names.get(id);
    if (earlier !== undefined) faults.push(`id ${id} is used by ${earlier} and by ${name}`);
    names.set(id, name);
    if (!PACKET_RANGES.some(({ from, to }) => id >= from && id <= to))
      faults.push(`id ${id} of ${name} is in no range`);
    if (released.retired.some((retired) => retired.id === id)) faults.push(`id ${id} of ${name} is retired`);
    if (released.versions[since]?.includes(id) !== true) faults.push(`id ${id} of ${name} is not in version ${since}`);
  }
  for (const [version, ids] of Object.entries(released.versions)) {
    for (const id of ids) {
      if (!names.has(id) && !released.retired.some((retired) => retired.id === id)) {
        faults.push(`id ${id} of version ${version} has no spec and is not retired`);
      }
    }
  }
  return faults;
}
