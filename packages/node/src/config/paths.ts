/** Where data and configuration live when nobody says: the XDG base directories, with the usual fallbacks. */
import { homedir, userInfo } from 'node:os';
import { isAbsolute, join, resolve } from 'node:path';
import { ConfigError } from '@sealane/shared/errors';
import { explained } from './explained-error.ts';
import type { Application, DefaultContext } from './setting.ts';

type Environment = DefaultContext['environment'];

/** Default data directory: `$XDG_DATA_HOME/sealane/server`, by default `~/.local/share/sealane/server`. */
export function defaultDataDirectory({ application, environment }: DefaultContext): string {
  return join(base(environment, 'XDG_DATA_HOME', ['.local', 'share']), 'sealane', application);
}

/** ` --data-dir …` for a command line that is shown; empty where the directory is the default one. */
export function dataDirectoryFlag(directory: string, context: DefaultContext): string {
  return resolve(directory) === resolve(defaultDataDirectory(context)) ? '' : ` --data-dir ${shellQuoted(directory)}`;
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
  return join(home !== undefined && isAbsolute(home) ? home : homeOfUser(variable), ...fallback);
}

/** Where HOME says nothing. A relative path would put keys into whatever directory is the current one. */
function homeOfUser(variable: string): string {
  for (const home of [homedir, () => userInfo().homedir]) {
    const found = home();
    if (isAbsolute(found)) return found;
  }
  const error = new ConfigError('E_CONFIG', 'HOME is empty, and this user has no home directory');
  throw explained(error, { next: `Set HOME, or ${variable} to an absolute path.` });
}

function shellQuoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
