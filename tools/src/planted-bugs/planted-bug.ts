/** PlantedBug: a known bug, and the tests that have to see it. */

export interface PlantedBug {
  /** Kebab-case, unique. */
  readonly name: string;
  /** What a user would meet, with the row of docs/reliability.md where there is one. */
  readonly breaks: string;
  /** File that is changed. */
  readonly file: string;
  /** Text that stands in it exactly once. */
  readonly from: string;
  readonly to: string;
  /** Test files of which at least one test has to fail. */
  readonly tests: readonly string[];
  /** Part of the titles of the tests that are run, where a file holds many. */
  readonly title?: string;
  /** A program without which the tests skip themselves. */
  readonly needs?: 'redis-server' | 'strace';
}

/** An id of a row of docs/reliability.md. */
export const ROW_ID = /\b(?:[A-Z]\d+|\d\.\d\.\d+)\b/g;

/** The rows that a bug breaks: the ids before the colon. */
export function rowsOf({ breaks }: Pick<PlantedBug, 'breaks'>): readonly string[] {
  const [head = '', ...rest] = breaks.split(':');
  return rest.length === 0 ? [] : (head.match(ROW_ID) ?? []);
}

/** @returns the text with the bug in it. @throws Error when the place is not there, or not the only one. */
export function plant({ name, file, from, to }: PlantedBug, text: string): string {
  const places = text.split(from).length - 1;
  if (places !== 1) throw new Error(`"${name}" does not apply any more: its text stands ${places} times in ${file}`);
  return text.replace(from, () => to);
}
