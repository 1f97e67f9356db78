/** How many operations the store of a server has done, from its metrics: what idle agents cost it. */
const METRIC = /^sealane_store_operations_total(?:\{[^}]*\})? (\d+)/m;

/** @returns undefined where the server has no admin port or does not answer. */
export async function storeOperations(adminPort: number | null | undefined): Promise<number | undefined> {
  if (adminPort === null || adminPort === undefined) return undefined;
  try {
    const response = await fetch(`http://127.0.0.1:${adminPort}/metrics`);
    const value = METRIC.exec(await response.text())?.[1];
    return value === undefined ? undefined : Number(value);
  } catch {
    return undefined;
  }
}
