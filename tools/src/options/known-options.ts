/** Reads the words of a tool's command line; a flag that it does not have is answered with the one that was meant. */
import { parseArgs, type ParseArgsConfig } from 'node:util';
import { suggest } from '@sealane/node/config';

type Options = NonNullable<ParseArgsConfig['options']>;
type Values<Known extends Options> = ReturnType<typeof parseArgs<{ options: Known }>>['values'];

/** @throws TypeError for a word that is no flag of `options`, and for a flag without its value. */
export function knownOptions<const Known extends Options>(args: readonly string[], options: Known): Values<Known> {
  const names = Object.keys(options).map((name) => `--${name}`);
  for (const word of args) {
    const flag = word.split('=', 1)[0] ?? '';
    if (flag.startsWith('--') && !names.includes(flag))
      throw new TypeError(`Unknown flag ${flag}${meant(flag, names)}`);
  }
  return parseArgs({ args: [...args], options }).values;
}

/** A number within bounds. @throws TypeError. */
export function numberWithin(option: string, text: string, { min, max }: { min: number; max: number }): number {
  const number = Number(text);
  if (text.trim() !== '' && number >= min && number <= max) return number;
  throw new TypeError(`--${option} expected a number from ${min} to ${max}, got "${text}"`);
}

/** A whole number within bounds. @throws TypeError. */
export function wholeWithin(option: string, text: string, { min, max }: { min: number; max: number }): number {
  const number = /^-?\d+$/.test(text) ? Number(text) : Number.NaN;
  if (Number.isSafeInteger(number) && number >= min && number <= max) return number;
  throw new TypeError(`--${option} expected a whole number from ${min} to ${max}, got "${text}"`);
}

/** The one of this name, or all where none is named. @param noun what they are. @throws TypeError for a name that none has. */
export function allOrNamed<Item extends { readonly name: string }>(
  noun: string,
  items: readonly Item[],
  name: string | undefined,
): readonly Item[] {
  if (name === undefined) return items;
  const found = items.filter((item) => item.name === name);
  if (found.length > 0) return found;
  const names = items.map((item) => item.name);
  throw new TypeError(`There is no ${noun} "${name}"${meant(name, names)}`);
}

function meant(word: string, words: readonly string[]): string {
  const suggestion = suggest(word, words);
  return suggestion === undefined ? '' : `: did you mean ${suggestion}?`;
}
