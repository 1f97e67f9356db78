/** A text as a QR code for a terminal, for the camera of a phone. */
import { renderUnicodeCompact } from 'uqr';
import type { Output } from '@sealane/node/cli';

/** Light modules around it: a camera needs them to find it. */
const BORDER_MODULES = 2;

/**
 * Two rows of modules in one line, light ones as blocks, painted white on black: on every terminal it is dark on light.
 *
 * @param terminal without colours it would be right on dark terminals only, and is left out.
 * @returns lines with a line break at the end; empty where nobody could scan it.
 */
export function qrCode(text: string, { columns, hasColours }: Pick<Output, 'columns' | 'hasColours'>): string {
  if (columns === undefined || !hasColours) return '';
  const lines = renderUnicodeCompact(text, { border: BORDER_MODULES }).split('\n');
  if ((lines[0]?.length ?? 0) > columns) return '';
  return `${lines.map((line) => `\u001b[97;40m${line}\u001b[0m`).join('\n')}\n`;
}
