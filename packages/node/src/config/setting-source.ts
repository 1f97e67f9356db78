/**
 * The places a setting may come from, each read into the same form: flags, environment, systemd credentials, `.env`,
 * the configuration file. A place with a key that no setting has is an error, with a suggestion. Which place wins is
 * resolve.ts's business.
 */
import { readFileSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { parseEnv } from 'node:util';
import { ConfigError } from '@sealane/shared/errors';
import { isError } from '../log/index.ts';
import { explained } from './explained-error.ts';
import { readTextFile } from './read-text-file.ts';
import {
  camelCase,
  environmentName,
  environmentPrefix,
  type Application,
  type Declarations,
  type Setting,
} from './setting.ts';
import { suggest } from './suggest.ts';

/** Where a value came from; `detail` is the flag, variable or file that held it. */
export interface Origin {
  readonly layer: 'flag' | 'environment' | 'credential' | '.env' | 'file' | 'default';
  readonly detail: string;
}

/** A value as written, before its type read it: in place, or in a file that is read when the value is the one that counts. */
export interface RawValue {
  readonly raw: unknown;
  /** The file that holds it: of secrets only; `raw` is then undefined. */
  readonly secretFile?: string;
  readonly origin: Origin;
  /** Relative paths count from here. */
  readonly directory: string;
}

/** Raw values by kebab-case name. */
export type Source = ReadonlyMap<string, RawValue>;

type Environment = Readonly<Record<string, string | undefined>>;

/** Largest configuration file, `.env` or secret file that is read, in bytes. */
export const CONFIG_FILE_BYTES_MAX = 1_048_576;
export const SECRET_FILE_BYTES_MAX = 65_536;

const FILE_SUFFIX = '-file';

/** Flags as commander gives them: by camelCase name, only those that were on the command line. */
export function flagSource(known: Declarations, flags: Readonly<Record<string, unknown>>, directory: string): Source {
  const found = new Map<string, RawValue>();
  for (const [name, declaration] of Object.entries(known)) {
    const place = (key: string): Place => ({ layer: 'flag', detail: `--${key}`, directory });
    put(found, name, declaration, (key) => flags[camelCase(key)], place);
  }
  return found;
}

/** `SEALANE_*` (server) or `SEALANE_AGENT_*` (agent); the other program's variables are left alone. */
export function environmentSource(
  application: Application,
  known: Declarations,
  environment: Environment,
  directory: string,
  layer: 'environment' | '.env' = 'environment',
): Source {
  refuseUnknownVariables(application, known, environment, layer);
  const found = new Map<string, RawValue>();
  for (const [name, declaration] of Object.entries(known)) {
    const variable = (key: string): string => environmentName(application, key);
    const place = (key: string): Place => ({ layer, detail: variable(key), directory });
    // An empty variable counts as not set, as everywhere in a shell.
    put(found, name, declaration, (key) => environment[variable(key)] || undefined, place);
  }
  return found;
}

/** Secrets that systemd puts into `$CREDENTIALS_DIRECTORY` under the name of the setting. */
export function credentialSource(known: Declarations, environment: Environment): Source {
  const found = new Map<string, RawValue>();
  const directory = environment['CREDENTIALS_DIRECTORY'];
  if (!directory) return found;
  for (const [name, { secret }] of Object.entries(known)) {
    const file = join(directory, name);
    if (secret && mayExist(file))
      found.set(name, { raw: undefined, secretFile: file, origin: { layer: 'credential', detail: file }, directory });
  }
  return found;
}

/** `.env` of the working directory: for development, so not read where NODE_ENV is "production". */
export function dotenvSource(
  application: Application,
  known: Declarations,
  environment: Environment,
  directory: string,
): Source {
  if (environment['NODE_ENV'] === 'production') return new Map();
  let content: string;
  try {
    content = readFileSync(join(directory, '.env'), 'utf8');
  } catch {
    return new Map(); // Missing, or not ours to read: `.env` files of other tools are common.
  }
  return environmentSource(application, known, parseEnv(content), directory, '.env');
}

/**
 * The configuration file: one JSON object with kebab-case keys.
 *
 * @param mustExist false for the default path, which need not exist.
 * @throws ConfigError `E_CONFIG` when it is missing, not JSON, or has an unknown key.
 */
export function fileSource(known: Declarations, file: string, mustExist: boolean): Source {
  const content = readTextFile(file, { bytesMax: CONFIG_FILE_BYTES_MAX, missing: mustExist ? 'error' : 'undefined' });
  if (content === undefined) return new Map();
  const settings = parseObject(content, file);
  const names = namesOf(known);
  for (const key of Object.keys(settings)) {
    if (key === '$schema' || names.has(key)) continue;
    throw unknownKey(`Unknown setting "${key}" in ${file}`, suggest(key, names));
  }
  const directory = dirname(resolve(file));
  const found = new Map<string, RawValue>();
  for (const [name, declaration] of Object.entries(known)) {
    const place = (key: string): Place => ({ layer: 'file', detail: `${file} "${key}"`, directory });
    put(found, name, declaration, (key) => (Object.hasOwn(settings, key) ? settings[key] : undefined), place);
  }
  return found;
}

type Place = Origin & { readonly directory: string };

/** The text of a secret that stands in a file. @throws ConfigError `E_CONFIG` that names the flag, variable or key. */
export function readSecret(file: string, { layer, detail }: Origin): string {
  const namedBy = layer === 'credential' ? {} : { namedBy: detail };
  const content = readTextFile(file, { bytesMax: SECRET_FILE_BYTES_MAX, missing: 'error', ...namedBy });
  return secretText(content ?? '');
}

/** Takes the value of one setting from a place, or for a secret the file the place names. */
function put(
  found: Map<string, RawValue>,
  name: string,
  { secret }: Setting<unknown>,
  valueOf: (key: string) => unknown,
  placeOf: (key: string) => Place,
): void {
  const raw = valueOf(name);
  const file = secret ? valueOf(name + FILE_SUFFIX) : undefined;
  if (raw !== undefined && file !== undefined) {
    const message = `${placeOf(name).detail} and ${placeOf(name + FILE_SUFFIX).detail} are both given`;
    const code = placeOf(name).layer === 'flag' ? 'E_USAGE' : 'E_CONFIG';
    throw explained(new ConfigError(code, message), { next: 'Give one of the two.' });
  }
  if (file !== undefined) {
    const { directory, ...origin } = placeOf(name + FILE_SUFFIX);
    if (typeof file !== 'string') throw new ConfigError('E_CONFIG', `${origin.detail}: expected a path`);
    found.set(name, { raw: undefined, secretFile: resolve(directory, file), origin, directory });
  } else if (raw !== undefined) {
    const { directory, ...origin } = placeOf(name);
    found.set(name, { raw, origin, directory });
  }
}

/** Whether a file is there, or cannot be looked at. */
function mayExist(file: string): boolean {
  try {
    return statSync(file, { throwIfNoEntry: false }) !== undefined;
  } catch {
    return true;
  }
}

/** A secret ends where its first line break at the end of the file begins. */
function secretText(content: string): string {
  return content.replace(/\r?\n$/, '');
}

function refuseUnknownVariables(
  application: Application,
  known: Declarations,
  environment: Environment,
  layer: string,
): void {
  const prefix = environmentPrefix(application);
  const foreignPrefix = application === 'server' ? environmentPrefix('agent') : undefined;
  const names = new Set([...namesOf(known)].map((name) => environmentName(application, name)));
  for (const variable of Object.keys(environment)) {
    if (!variable.startsWith(prefix) || names.has(variable)) continue;
    if (foreignPrefix !== undefined && variable.startsWith(foreignPrefix)) continue;
    const where = layer === '.env' ? 'in .env' : 'in the environment';
    throw unknownKey(`Unknown setting ${variable} ${where}`, suggest(variable, names, prefix));
  }
}

/** Names that may stand in a place: of every setting, and for secrets the name of a file that holds it. */
function namesOf(known: Declarations): ReadonlySet<string> {
  return new Set(Object.entries(known).flatMap(([name, { secret }]) => (secret ? [name, name + FILE_SUFFIX] : [name])));
}

function unknownKey(message: string, suggestion: string | undefined): ConfigError {
  const next = suggestion === undefined ? 'Remove it, or see --help for the settings.' : `Did you mean ${suggestion}?`;
  return explained(new ConfigError('E_CONFIG', message), { next });
}

/** The parser's own message is left out, because it quotes the file, which may hold secrets. */
function parseObject(content: string, file: string): Readonly<Record<string, unknown>> {
  let parsed: unknown;
  try {
    parsed = JSON.parse(content.replace(/^\ufeff/, ''));
  } catch (error) {
    const position = /\(line \d+ column \d+\)/.exec(isError(error) ? error.message : '')?.[0];
    const where = position === undefined ? '' : ` ${position}`;
    throw explained(new ConfigError('E_CONFIG', `The configuration file ${file} is not valid JSON${where}`), {
      next: 'Correct the file; `config validate` checks it.',
    });
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) {
    throw new ConfigError('E_CONFIG', `The configuration file ${file} must hold one JSON object`);
  }
  return parsed as Readonly<Record<string, unknown>>;
}
