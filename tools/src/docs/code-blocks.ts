/** The fenced code blocks of a Markdown page, in order. */

/** One block. */
export interface CodeBlock {
  /** First word behind the fence: `sh`, `ts`, `text`. */
  readonly language: string;
  /** `title=NAME` behind it: the file that the block is. */
  readonly title: string | undefined;
  readonly text: string;
  /** Line of the opening fence, from 1. */
  readonly line: number;
}

/** Reads all blocks that are fenced with three backticks. */
export function codeBlocks(markdown: string): CodeBlock[] {
  const blocks: CodeBlock[] = [];
  const lines = markdown.split('\n');
  for (let index = 0; index < lines.length; index++) {
    const fence = /^```(\w+)(?: title=(\S+))?/.exec(lines[index] ?? '');
    if (fence === null) continue;
    const end = lines.indexOf('```', index + 1);
    const text = lines.slice(index + 1, end).join('\n');
    blocks.push({ language: fence[1] ?? '', title: fence[2], text, line: index + 1 });
    index = end;
  }
  return blocks;
}

/** Lines that install things: said to be run by the reader, not by the test. */
const INSTALL_LINE = /^(npm (ci|install)|git clone|cd )/;

/** Marks a command that goes on while the next ones run. */
const RUNS_ON = /#\s*(runs until Ctrl-C|waits until \w[\w ]*)\s*$/;

/** Words that stand for what a command before has printed: the reader puts it in their place. */
const STAND_INS: readonly (readonly [word: RegExp, printed: RegExp])[] = [
  [/\bCODE\b/, /(sealane-link-\S+)/g],
  [/\bDEVICE\b/, /^(agent-[0-9a-f]{16}) {2}(?!.*\(this one\))/gm],
  [/\bRECOVERY_KEY\b/, /^ {2}((?:[0-9A-Z]{5}-){13}[0-9A-Z]{5})$/gm],
  [/\bID\b/, /^Sent ([0-9a-f]{32}) /gm],
];

/** One command line of a block. */
export interface CommandLine {
  readonly command: string;
  /** Whether it runs until it is interrupted. */
  readonly runsOn: boolean;
}

/** The commands of an `sh` block, without comments and install lines. */
export function commandLines(text: string): CommandLine[] {
  return text
    .split('\n')
    .map((line) => ({ command: line.replace(/\s+#.*$/, '').trim(), runsOn: RUNS_ON.test(line) }))
    .filter(({ command }) => command !== '' && !command.startsWith('#') && !INSTALL_LINE.test(command));
}

/** The command with the last that `printed` has for each of its stand-ins. */
export function filledIn(command: string, printed: string): string {
  return STAND_INS.reduce((text, [word, pattern]) => {
    const found = word.test(text) ? [...printed.matchAll(pattern)].at(-1)?.[1] : undefined;
    return found === undefined ? text : text.replace(word, found);
  }, command);
}

/** Output with everything that differs from run to run taken out: fingerprints, ids, numbers. */
export function comparableOutput(text: string): string {
  return text
    .replace(/SHA256:[A-Za-z0-9+/]{43}/g, 'FINGERPRINT')
    .replace(/agent-[0-9a-f]{16}/g, 'AGENT')
    .replace(/\d+(\.\d+)?/g, 'N')
    .trim();
}
