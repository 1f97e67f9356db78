/** What must not be left behind when a process ends in the middle: at a second Ctrl-C, or of an error that nobody caught. */

const acts = new Set<() => void>();
let isListening = false;

/**
 * Has something done when this process ends, however that is but for SIGKILL. The last one comes first.
 *
 * @param act waits for nothing: the process is ending.
 * @returns does it now, once, and not when the process ends.
 */
export function atExit(act: () => void): () => void {
  if (!isListening) process.once('exit', doAll);
  isListening = true;
  const once = (): void => act();
  acts.add(once);
  return () => {
    if (acts.delete(once)) act();
  };
}

function doAll(): void {
  for (const act of [...acts].reverse()) {
    try {
      act();
    } catch {
      // Nobody is left to be told, and the others are to be done all the same.
    }
  }
}
