/** suggest: the word for "Did you mean …". */

const WORD_CHARACTERS_MAX = 64;

/**
 * The known word that a mistyped one was meant to be, upper and lower case alike.
 *
 * @param prefix what all of them begin with: being alike there counts for nothing.
 * @returns the nearest within a third of the longer length in edits (at least 1, swaps count one); undefined for none,
 *   and for a word of more than 64 characters.
 */
export function suggest(word: string, known: Iterable<string>, prefix = ''): string | undefined {
  if (word.length > WORD_CHARACTERS_MAX) return undefined;
  let best: { word: string; distance: number } | undefined;
  for (const candidate of known) {
    const distance = editDistance(word.toLowerCase(), candidate.toLowerCase());
    const allowed = Math.max(1, Math.floor((Math.max(word.length, candidate.length) - prefix.length) / 3));
    if (distance <= allowed && (best === undefined || distance < best.distance)) best = { word: candidate, distance };
  }
  return best?.word;
}

/** Damerau-Levenshtein distance (optimal string alignment). */
function editDistance(left: string, right: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: right.length + 1 }, (_, index) => index);
  for (let row = 1; row <= left.length; row++) {
    const current = [row];
    for (let column = 1; column <= right.length; column++) {
      const same = left[row - 1] === right[column - 1];
      let cost = Math.min(at(last, column) + 1, at(current, column - 1) + 1, at(last, column - 1) + (same ? 0 : 1));
      const swapped = left[row - 1] === right[column - 2] && left[row - 2] === right[column - 1];
      if (row > 1 && column > 1 && swapped) cost = Math.min(cost, at(beforeLast, column - 2) + 1);
      current.push(cost);
    }
    beforeLast = last;
    last = current;
  }
  return at(last, right.length);
}

function at(row: readonly number[], index: number): number {
  return row[index] ?? Number.POSITIVE_INFINITY;
}
