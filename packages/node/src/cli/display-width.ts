/**
 * How many columns text takes on a terminal, and text wrapped by it. Widths are those of Unicode TR 11 (East Asian Width, wide and
 * fullwidth) with an emoji as two columns however many characters it is made of. For text that a terminal may get:
 * see `terminalText`.
 */

/** Made when first asked: it takes 10 ms, and most programs write plain text only. */
let graphemeSegmenter: Intl.Segmenter | undefined;

/** What is drawn as one: a letter with its marks, an emoji with its parts. */
export function graphemesOf(text: string): readonly string[] {
  return isPlain(text) ? text.split('') : Array.from(segments(text), ({ segment }) => segment);
}

/** Columns of a text in one line. */
export function displayWidth(text: string): number {
  if (isPlain(text)) return text.length;
  let columns = 0;
  for (const { segment } of segments(text)) columns += graphemeWidth(segment);
  return columns;
}

/** The text, or as much of it as fits with an ellipsis behind it. */
export function fitColumns(text: string, columns: number): string {
  if (displayWidth(text) <= columns) return text;
  let fitted = '';
  let width = 0;
  for (const grapheme of graphemesOf(text)) {
    width += graphemeWidth(grapheme);
    if (width > columns - 1) break;
    fitted += grapheme;
  }
  return columns < 1 ? '' : `${fitted}…`;
}

/**
 * Wraps text at blanks, and words that are longer than a line anywhere; line breaks stay.
 *
 * @param widths columns of the first line and of those after it; nothing narrower than 2.
 */
export function wrapColumns(
  text: string,
  widths: { readonly first: number; readonly rest: number },
): readonly string[] {
  const lines: string[] = [];
  for (const paragraph of text.split('\n')) {
    const first = lines.length === 0 ? widths.first : widths.rest;
    lines.push(...wrapParagraph(paragraph, Math.max(2, first), Math.max(2, widths.rest)));
  }
  return lines;
}

function wrapParagraph(paragraph: string, first: number, rest: number): readonly string[] {
  const lines: string[] = [];
  let line = '';
  let width = 0;
  const room = (): number => (lines.length === 0 ? first : rest);
  const end = (): void => {
    lines.push(line.trimEnd());
    line = '';
    width = 0;
  };
  for (const word of paragraph.split(/(?<=\s)(?=\S)/u)) {
    if (width > 0 && width + displayWidth(word.trimEnd()) > room()) end();
    for (const grapheme of graphemesOf(word)) {
      const columns = graphemeWidth(grapheme);
      const isBlank = grapheme === ' ';
      if (width + columns > room() && !isBlank) end();
      // Blanks at the end of a line take no room; those that begin a text do.
      if (isBlank && width + columns > room()) continue;
      line += grapheme;
      width += columns;
    }
  }
  end();
  return lines;
}

/** Columns of one grapheme. */
export function graphemeWidth(grapheme: string): number {
  if (isPlain(grapheme)) return grapheme.length;
  if (EMOJI_GRAPHEME.test(grapheme)) return 2;
  let columns = 0;
  for (const character of grapheme) columns += characterWidth(character);
  return columns;
}

function segments(text: string): Intl.Segments {
  graphemeSegmenter ??= new Intl.Segmenter('und', { granularity: 'grapheme' });
  return graphemeSegmenter.segment(text);
}

/** Emoji by themselves, by a sign, or as a pair of regional letters; keycaps. */
const EMOJI_GRAPHEME = /^(?:\p{Emoji_Presentation}|\p{Emoji}\ufe0f|\p{Extended_Pictographic}.*\u200d|\p{RI}\p{RI})/su;
const ZERO_WIDTH = /^[\p{Mn}\p{Me}\p{Cf}\u1160-\u11ff]$/u;

/** Wide and fullwidth in EastAsianWidth.txt of Unicode 16, joined over gaps that have no letters. */
const WIDE_RANGES: readonly (readonly [first: number, last: number])[] = [
  [0x1100, 0x115f],
  [0x2329, 0x232a],
  [0x2e80, 0x303e],
  [0x3041, 0x4dbf],
  [0x4e00, 0xa4cf],
  [0xa960, 0xa97c],
  [0xac00, 0xd7a3],
  [0xf900, 0xfaff],
  [0xfe10, 0xfe19],
  [0xfe30, 0xfe6b],
  [0xff01, 0xff60],
  [0xffe0, 0xffe6],
  [0x16fe0, 0x18cff],
  [0x1aff0, 0x1b2fb],
  [0x1d300, 0x1d376],
  [0x1f200, 0x1f265],
  [0x20000, 0x3fffd],
];

function characterWidth(character: string): number {
  const code = character.codePointAt(0) ?? 0;
  if (code < 0x300) return 1;
  if (ZERO_WIDTH.test(character)) return 0;
  return WIDE_RANGES.some(([first, last]) => code >= first && code <= last) ? 2 : 1;
}

/** Printable ASCII: one column each, nothing joins. */
function isPlain(text: string): boolean {
  return /^[\x20-\x7e]*$/.test(text);
}
