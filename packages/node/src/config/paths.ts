/** Where data and configuration live when nobody says: the XDG base directories, with the usual fallbacks. */
import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';
import type { Application, DefaultContext } from './setting.ts';

type Environment = DefaultContext['environment'];

/** Default data directory: `$XDG_DATA_HOME/sealane/server`, by default `~/.local/share/sealane/server`. */
export function defaultDataDirectory({ application, environment }: DefaultContext): string {
  return join(base(environment, 'XDG_DATA_HOME', ['.local', 'share']), 'sealane', application);
}

/** Default configuration file: `$XDG_CONFIG_HOME/sealane/server.json`, by default under `~/.config`. */
export function defaultConfigFile(application: Application, environment: Environment): string {
  return join(base(environment, 'XDG_CONFIG_HOME', ['.config']), 'sealane', `${application}.json`);
}

/** The specification says: a relative path in an XDG variable is invalid and ignored. */
function base(environment: Environment, variable: string, fallback: readonly string[]): string {
  const chosen = environment[variable];
  if (chosen !== undefined && isAbsolute(chosen)) return chosen;
  const home = environment['HOME'];
  return join(home !== undefined && isAbsolute(home) ? home : homedir(), ...fallback);
}
