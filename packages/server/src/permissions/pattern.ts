/**
 * Patterns of names, levels separated by dots: `*` stands for any characters within one level, `>` as the last level
 * for all that follow, at least one. `sensor.*` matches `sensor.7`, `sensor.>` also `sensor.7.high`.
 */

/** A pattern made ready for matching. */
export interface Pattern {
  matches(name: string): boolean;
  /** Whether it matches every topic of a topic pattern, in which only whole levels are wild. */
  covers(topicPattern: string): boolean;
  /** Whether some topic may match both; when in doubt it may. */
  meets(topicPattern: string): boolean;
}

/** Characters of a pattern; a longer one is an error. */
export const PATTERN_CHARACTERS_MAX = 256;

/** @returns undefined where the text is no pattern: empty, with an empty level, or `>` anywhere but alone at the end. */
export function parsePattern(text: string): Pattern | undefined {
  if (text.length > PATTERN_CHARACTERS_MAX) return undefined;
  const own = splitLevels(text);
  const { levels, rest } = own;
  if (levels.some((level) => level === '' || level.includes('>'))) return undefined;
  return {
    matches: (name) => matchesLevels(levels, rest, name.split('.')),
    covers: (topicPattern) => coversLevels(own, splitLevels(topicPattern)),
    meets: (topicPattern) => meetsLevels(own, splitLevels(topicPattern)),
  };
}

/** Levels, and whether any more, at least one, may follow. */
interface Levels {
  readonly levels: readonly string[];
  readonly rest: boolean;
}

function splitLevels(text: string): Levels {
  const levels = text.split('.');
  const rest = levels.at(-1) === '>';
  if (rest) levels.pop();
  return { levels, rest };
}

/** What may be longer than the other allows is not covered; a wild level is covered only by stars alone. */
function coversLevels(own: Levels, topic: Levels): boolean {
  const fits = own.rest
    ? topic.levels.length + (topic.rest ? 1 : 0) > own.levels.length
    : !topic.rest && topic.levels.length === own.levels.length;
  if (!fits) return false;
  return own.levels.every((level, index) => {
    const other = topic.levels[index];
    return other === undefined || other === '*' ? /^\*+$/.test(level) : matchesLevel(level, other);
  });
}

function meetsLevels(own: Levels, topic: Levels): boolean {
  if (!own.rest && !reaches(topic, own.levels.length)) return false;
  if (!topic.rest && !reaches(own, topic.levels.length)) return false;
  return own.levels.every((level, index) => {
    const other = topic.levels[index];
    return other === undefined || other === '*' || matchesLevel(level, other);
  });
}

/** Whether names of this many levels are possible. */
function reaches({ levels, rest }: Levels, count: number): boolean {
  return rest ? count > levels.length : count === levels.length;
}

function matchesLevels(pattern: readonly string[], rest: boolean, name: readonly string[]): boolean {
  if (rest ? name.length <= pattern.length : name.length !== pattern.length) return false;
  return pattern.every((level, index) => matchesLevel(level, name[index] ?? ''));
}

/** Bounded by pattern length times level length: on a mismatch only the last star takes one character more. */
function matchesLevel(pattern: string, level: string): boolean {
  let at = 0;
  let star = -1;
  let starAt = 0;
  for (let index = 0; index < level.length;) {
    if (pattern[at] === '*') {
      star = at++;
      starAt = index;
    } else if (pattern[at] === level[index]) {
      at++;
      index++;
    } else if (star >= 0) {
      at = star + 1;
      index = ++starAt;
    } else return false;
  }
  while (pattern[at] === '*') at++;
  return at === pattern.length;
}
