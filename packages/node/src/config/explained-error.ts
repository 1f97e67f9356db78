/** Errors that say why and what to do next, more exactly than the table of codes can (style: four parts). */

/** The parts of a command-line error beside its message and code. */
export interface Explanation {
  /** Why it failed, one sentence. */
  readonly why?: string | undefined;
  /** What the user does next, one sentence, with the exact command where there is one. */
  readonly next?: string | undefined;
}

const explanations = new WeakMap<object, Explanation>();

/** Attaches an explanation to an error and returns the error. */
export function explained<Failure extends Error>(error: Failure, explanation: Explanation): Failure {
  explanations.set(error, { ...explanations.get(error), ...explanation });
  return error;
}

/** The explanation attached to an error; empty where there is none. */
export function explanationOf(error: unknown): Explanation {
  return (typeof error === 'object' && error !== null ? explanations.get(error) : undefined) ?? {};
}
