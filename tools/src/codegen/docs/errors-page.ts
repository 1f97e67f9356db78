/** Generates `docs/errors.md` from the table of errors. */
import { ERRORS, EXIT, LOCAL_ERROR_NUMBER_MIN, type ErrorRow } from '@sealane/shared/errors';
import type { GeneratedFile } from '../generated-file.ts';
import { page, table } from './markdown.ts';

/** The page of errors. */
export async function generateErrorsPage(): Promise<readonly GeneratedFile[]> {
  const rows = Object.entries(ERRORS).sort(([, left], [, right]) => left.number - right.number);
  const travels = rows.filter(([, { number }]) => number < LOCAL_ERROR_NUMBER_MIN);
  const local = rows.filter(([, { number }]) => number >= LOCAL_ERROR_NUMBER_MIN);
  return [
    await page('docs/errors.md', 'packages/shared/src/errors/error-table.ts', [
      '# Errors',
      'Every error has a name, in messages, logs, `--json` output and `error.code`, and a number. A number keeps its meaning for ever. ' +
        'The peer is told the number and nothing else; a number that a reader does not know is taken for a failure of its kind.',
      '"Closes" says what ends with the error: nothing, one request, one stream, the connection, or the command.',
      '## Errors that travel',
      errorTable(travels),
      '## Local errors',
      'These never travel; a peer that sends such a number breaks the protocol.',
      errorTable(local),
      '## Exit codes',
      table(
        ['code', 'name'],
        Object.entries(EXIT).map(([name, code]) => [String(code), words(name)]),
      ),
    ]),
  ];
}

function errorTable(rows: readonly (readonly [string, ErrorRow])[]): string {
  return table(
    ['number', 'name', 'closes', 'exit', 'what happened', 'what to do'],
    rows.map(([name, { number, closes, exit, means, next }]) => [
      `\`0x${number.toString(16).padStart(4, '0')}\``,
      `\`${name}\``,
      closes,
      String(exit),
      means,
      next,
    ]),
  );
}

/** `badData` → `bad data`. */
function words(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
}
