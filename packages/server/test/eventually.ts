/** eventually: waits for what happens elsewhere. By itself, because a test of processes needs no server. Not part of the product. */
import { setTimeout as sleep } from 'node:timers/promises';

/** Waits until `holds` is true. @throws Error with `what` after `limitMs`. */
export async function eventually(
  what: string,
  holds: () => boolean | Promise<boolean>,
  limitMs = 15_000,
): Promise<void> {
  const endAt = performance.now() + limitMs;
  while (!(await holds())) {
    if (performance.now() > endAt) throw new Error(`did not happen: ${what}`);
    await sleep(5);
  }
}
