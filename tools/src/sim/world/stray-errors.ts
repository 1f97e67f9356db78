/** Stray errors: what is thrown in a microtask, or is the reason of a promise that nobody waits for, ends a process of Node.js. */

/** From now on they are given to `onError` instead. @returns ends that. */
export function catchStrayErrors(onError: (error: unknown) => void): () => void {
  const kinds = ['uncaughtException', 'unhandledRejection'] as const;
  for (const kind of kinds) process.on(kind, onError);
  return () => {
    for (const kind of kinds) process.off(kind, onError);
  };
}
