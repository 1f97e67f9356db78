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
    if (!flag.startsWith('--') || names.includes(flag)) continue;
    const meant = suggest(flag, names);
    throw new TypeError(`Unknown flag ${flag}${meant === undefined ? '' : `: did you mean ${meant}?`}`);
  }
  return parseArgs({ args: [...args], options }).values;
}

/** A number within bounds. @throws TypeError. */
export function numberWithin(option: string, text: string, { min, max }: { min: number; max: number }): number {
  const number = Number(text);
  if (text.trim() !== '' && number >= min && number <= max) return number;
  throw new TypeError(`--${option} expected a number from ${min} to ${max}, got "${text}"`);
}
