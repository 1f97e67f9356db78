/** What a server counted by reason, from its metrics: refusals, failed handshakes, sessions that ended. */

/** Counts by metric and reason. */
export type CountedReasons = Readonly<Record<string, Readonly<Record<string, number>>>>;

const SAMPLE = /^sealane_(\w+_total)\{(?:reason|action)="([^"]+)"\} (\d+)$/gm;

/** @returns nothing where the server does not answer. */
export async function countedReasons(adminPort: number | null): Promise<CountedReasons> {
  try {
    const response = await fetch(`http://127.0.0.1:${adminPort ?? 0}/metrics`);
    return reasonsIn(await response.text());
  } catch {
    return {};
  }
}

/** The samples that have a reason, or say what was done, and are not zero. */
export function reasonsIn(metrics: string): CountedReasons {
  const counted: Record<string, Record<string, number>> = {};
  for (const [, metric = '', reason = '', value = ''] of metrics.matchAll(SAMPLE)) {
    if (value !== '0') (counted[metric] ??= {})[reason] = Number(value);
  }
  return counted;
}
