/** What must be known before the command line is understood: in which form to say that it is wrong. */
import { environmentName } from '../config/index.ts';
import type { ColourMode } from '../log/index.ts';
import type { ProgramDefinition } from './command.ts';

interface EarlySettings {
  readonly json: boolean;
  readonly debug: boolean;
  readonly color: ColourMode;
}

/** A guess from flags and variables; never fails. */
export function earlySettings(
  { application }: ProgramDefinition,
  line: { readonly words: readonly string[]; readonly environment: Readonly<Record<string, string | undefined>> },
): EarlySettings {
  const end = line.words.indexOf('--');
  const words = end < 0 ? line.words : line.words.slice(0, end);
  const isOn = (name: string): boolean => {
    if (words.includes(`--${name}`)) return true;
    const variable = line.environment[environmentName(application, name)];
    return !words.includes(`--no-${name}`) && (variable === 'true' || variable === '1');
  };
  const color = words.findLast((word, index) => word.startsWith('--color=') || words[index - 1] === '--color') ?? '';
  const mode = color.replace(/^--color=/, '');
  return { json: isOn('json'), debug: isOn('debug'), color: mode === 'always' || mode === 'never' ? mode : 'auto' };
}
