/** Text in the form of the workspace: what a tool writes looks as if it had been written here. */
import { readFileSync } from 'node:fs';
import { format, type FormatConfig } from 'oxfmt';

const { ignorePatterns: _, ...settings } = JSON.parse(readFileSync('.oxfmtrc.json', 'utf8')) as FormatConfig & {
  readonly ignorePatterns: unknown;
};

/** @param path decides the language by its ending. @throws Error when the text cannot be parsed. */
export async function formatted(path: string, text: string): Promise<string> {
  const { code, errors } = await format(path, text, settings);
  const [error] = errors;
  if (error !== undefined) throw new Error(`${path}: ${error.codeframe ?? error.message}`);
  return code;
}
