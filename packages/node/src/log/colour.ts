/** Whether to colour, and the function that does: NO_COLOR, FORCE_COLOR, TERM=dumb, --color and the terminal decide. */
import { styleText } from 'node:util';

/** Value of --color. */
export type ColourMode = 'auto' | 'always' | 'never';

/** Formats in use; meaning never rests on them alone. */
export type Format = 'bold' | 'dim' | 'red' | 'yellow' | 'green' | 'cyan' | 'blue' | 'magenta';

/** Puts a format around a text, or leaves it as it is. */
export type Paint = (format: Format, text: string) => string;

/** What decides about colour. */
export interface ColourContext {
  readonly mode: ColourMode;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly stream: { readonly isTTY?: boolean | undefined };
}

/** The flag beats the environment (force-color.org, no-color.org), the environment beats the terminal. */
export function wantsColour({ mode, environment, stream }: ColourContext): boolean {
  if (mode !== 'auto') return mode === 'always';
  const forced = environment['FORCE_COLOR'];
  if (environment['NO_COLOR']) return false;
  if (forced !== undefined) return forced !== '0' && forced !== 'false';
  return stream.isTTY === true && environment['TERM'] !== 'dumb';
}

/** The painting function for a stream. */
export function painter(context: ColourContext): Paint {
  if (!wantsColour(context)) return (_format, text) => text;
  return (format, text) => styleText(format, text, { validateStream: false });
}
