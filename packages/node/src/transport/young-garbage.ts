/**
 * Frees the buffers of opened records soon after their use, which `freeBytes` cannot: an application may hold parts of
 * them. Their bytes lie outside V8's heap; V8 frees them only at a collection, and lets some 64 MiB gather before it
 * makes one, a full one. A collection of the young generation after a few MiB costs about a millisecond, frees them
 * all, and the next records get memory that is warm (docs/decisions/0006). Not for memory that is in use: that is
 * bounded by the windows.
 */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** Bytes of buffers left to the collector between two collections. */
const INTERVAL_BYTES = 8 * 2 ** 20;

type Collect = (options: { readonly type: 'minor' }) => void;

/** Counts the bytes of all connections that share it. */
export class YoungGarbage {
  #passedBytes = 0;

  /** So many more bytes have passed. */
  add(bytes: number): void {
    this.#passedBytes += bytes;
    if (this.#passedBytes < INTERVAL_BYTES) return;
    this.#passedBytes = 0;
    collector()?.({ type: 'minor' });
  }
}

let collect: Collect | undefined;
let isLookedFor = false;

/**
 * V8's own function, which a new context sees once the flag is set; got once for the process. Undefined where this Node
 * takes no flags at run time: the transfer then works with more memory in use (docs/decisions/0006).
 */
function collector(): Collect | undefined {
  if (isLookedFor) return collect;
  isLookedFor = true;
  try {
    setFlagsFromString('--expose-gc');
    collect = runInNewContext('typeof gc === "function" ? gc : undefined') as Collect | undefined;
    setFlagsFromString('--no-expose-gc');
  } catch {
    collect = undefined;
  }
  return collect;
}
