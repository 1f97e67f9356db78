// The rules of `tidy`, one file at a time and without I/O.

/** One violation; `line` counts from 1. */
export interface Finding {
  readonly line: number;
  readonly message: string;
}

const lineCharsMax = 140;
/** A line that holds prose in a string literal, such as a row of a table, does not gain from being broken. */
const proseLineCharsMax = 240;
const proseLiteral = /(['"`])(?:(?!\1).){40,}\1/;
const fileLinesMax = 400;

/** Files these rules do not read: written by npm, or the rules and their test themselves. */
const exempt = /^package-lock\.json$|^LICENSE$|^tools\/src\/check\/tidy-rules(\.test)?\.ts$/;
const binary = /\.(png|jpg|gif|ico|woff2|bin|gz|pcap|pcapng)$/;
const generated = /(^|\/)generated\/|\.generated\./;
const testFile = /\.test\.ts$|(^|\/)test\//;

const linePatterns: readonly { pattern: RegExp; message: string; only?: RegExp }[] = [
  { pattern: /\b(TODO|FIXME|XXX|HACK)\b/, message: 'leftover marker: do it, or open an issue' },
  { pattern: /\b(test|it|describe)(\.\w+)*\.only\(/, message: 'focused test', only: /\.ts$/ },
  { pattern: /^export \* from/, message: 'say by name what is exported', only: /\.ts$/ },
  { pattern: /(^|[\s"'`(=:<])\/(work|home|Users|root)\/\w/, message: 'path of one machine' },
];

const checkLine = (path: string, text: string): string[] => {
  const messages = linePatterns
    .filter(({ pattern, only }) => (only === undefined || only.test(path)) && pattern.test(text))
    .map(({ message }) => message);
  const charsMax = proseLiteral.test(text) ? proseLineCharsMax : lineCharsMax;
  if (path.endsWith('.ts') && !generated.test(path) && text.length > charsMax) {
    messages.push(`line of ${text.length} characters, at most ${charsMax}`);
  }
  return messages;
};

const checkWhole = (path: string, lines: readonly string[]): string[] => {
  if (lines.every((line) => line.trim() === '')) return ['empty file'];
  if (generated.test(path)) {
    // JSON has no comments: there the first key says it.
    const head = path.endsWith('.json') ? lines.slice(0, 3).join('') : (lines[0] ?? '');
    return /generated/i.test(head) ? [] : ['generated file that does not say so in line 1'];
  }
  const isLong = path.endsWith('.ts') && !testFile.test(path) && lines.length > fileLinesMax;
  return isLong ? [`file of ${lines.length} lines, at most ${fileLinesMax}: look for the second concept`] : [];
};

/** Checks one file; an empty answer means it is tidy. */
export const checkFile = (path: string, bytes: Uint8Array): Finding[] => {
  if (exempt.test(path) || binary.test(path)) return [];
  const lines = new TextDecoder().decode(bytes).replace(/\n$/, '').split('\n');
  const whole = checkWhole(path, lines).map((message) => ({ line: 1, message }));
  return [
    ...whole,
    ...lines.flatMap((text, index) => checkLine(path, text).map((message) => ({ line: index + 1, message }))),
  ];
};
