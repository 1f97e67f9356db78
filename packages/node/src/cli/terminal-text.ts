/** terminalText: which characters of a peer a terminal may get. */

const TAB = '    ';
/** More marks on one letter reach into the lines around it. */
const MARKS_MAX = 4;

/** An emoji made of several, at most as many as the longest in use; a flag of a region; a text or emoji sign after its base. */
const EMOJI = '\\p{Extended_Pictographic}(?:[\\u{1f3fb}-\\u{1f3ff}]|\\ufe0f)?';
const EMOJI_SEQUENCE = `${EMOJI}(?:\\u200d${EMOJI}){1,7}`;
const REGION_FLAG = '\\u{1f3f4}[\\u{e0030}-\\u{e0039}\\u{e0061}-\\u{e007a}]{2,6}\\u{e007f}';
const SIGNED = '\\p{Emoji}[\\ufe0e\\ufe0f]';

/** Joiners between letters of scripts that are not written right without them. */
const JOINED_SCRIPTS = [
  'Arab',
  'Syrc',
  'Mong',
  'Deva',
  'Beng',
  'Guru',
  'Gujr',
  'Orya',
  'Taml',
  'Telu',
  'Knda',
  'Mlym',
  'Sinh',
];
const JOINED = `[${JOINED_SCRIPTS.map((script) => `\\p{Script=${script}}`).join('')}]`;
const JOINER = `(?<=${JOINED})[\\u200c\\u200d](?=${JOINED})`;

/** Variation selectors and blanks that look like nothing: they hide data, or make two texts look alike. */
const INVISIBLE =
  '\\u034f\\u115f\\u1160\\u17b4\\u17b5\\u180b-\\u180f\\u2800\\u3164\\uffa0\\ufe00-\\ufe0f\\u{e0100}-\\u{e01ef}';
const UNSAFE = `[\\p{Cc}\\p{Cf}\\p{Zl}\\p{Zp}\\p{Cs}${INVISIBLE}]`;

const PIECES = new RegExp(
  [
    `(?<kept>\\n|${EMOJI_SEQUENCE}|${REGION_FLAG}|${SIGNED}|${JOINER})`,
    '(?<tab>\\t)',
    `(?<unsafe>${UNSAFE})`,
    `(?<=\\p{M}{${MARKS_MAX}})(?<marks>\\p{M}+)`,
  ].join('|'),
  'gu',
);

/**
 * A peer's text of several lines in the form in which a terminal may get it. What could act on the terminal, or hide or
 * turn around what is beside it, stands as `\u{…}`; line breaks, emoji and the joiners that scripts need stay. For one
 * line, and for logs, it is `escapeText`.
 *
 * @returns the text; its only control characters are line feeds.
 */
export function terminalText(text: string): string {
  return text.replace(/\r\n?/g, '\n').replace(PIECES, (piece, ...rest: readonly unknown[]) => {
    const { kept, tab, marks } = rest.at(-1) as Readonly<Record<string, string | undefined>>;
    if (kept !== undefined) return kept;
    if (tab !== undefined) return TAB;
    return marks === undefined ? `\\u{${(piece.codePointAt(0) ?? 0).toString(16)}}` : '\ufffd';
  });
}
