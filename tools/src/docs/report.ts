/** `--report FILE`: where it cannot be written, a tool says so before it works; and at its end, in one line. */
import { closeSync, existsSync, openSync, rmdirSync, unlinkSync } from 'node:fs';
import { dirname } from 'node:path';
import { makeDirectories } from '@sealane/node/keys';
import { writePage } from './write-page.ts';

const ENDING = '.md';

/** Options of a tool with a report. @throws TypeError where that is no page, or could not be written. */
export function withReport<Options extends { readonly report: string | undefined } | undefined>(
  options: Options,
): Options {
  const report = options?.report;
  if (report !== undefined) {
    if (!report.endsWith(ENDING))
      throw new TypeError(`--report expected a file that ends in ${ENDING}, got "${report}"`);
    checkWritable('report', report);
  }
  return options;
}

/** Tries it; nothing of that stays. @throws TypeError where a file could not be written. */
export function checkWritable(option: string, file: string): void {
  const made: string[] = [];
  try {
    makeDirectories(dirname(file), undefined, made);
    const isNew = !existsSync(file);
    closeSync(openSync(file, 'a'));
    if (isNew) unlinkSync(file);
  } catch (error) {
    throw new TypeError(`--${option} cannot be written: ${lineOf(error)}`, { cause: error });
  } finally {
    for (const folder of made.reverse()) rmdirSync(folder);
  }
}

/** Writes the page of a report, where one is wanted. @returns false where that failed, which is said then. */
export async function writeReport(file: string | undefined, page: () => string): Promise<boolean> {
  if (file === undefined) return true;
  try {
    await writePage(file, page());
    return true;
  } catch (error) {
    console.error(`The report could not be written: ${lineOf(error)}`);
    return false;
  }
}

function lineOf(error: unknown): string {
  return ((error as Partial<Error>).message ?? String(error)).split('\n', 1)[0] ?? '';
}
