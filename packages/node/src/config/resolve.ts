/**
 * Finds the value of every setting: flags beat environment beat systemd credentials beat `.env` (development) beat the
 * configuration file beat defaults. Each value keeps its origin, for `config show --origin`.
 */
import { resolve as resolvePath } from 'node:path';
import * as z from 'zod/mini';
import { escapeText } from '@sealane/shared/bytes';
import { ConfigError } from '@sealane/shared/errors';
import { explained } from './explained-error.ts';
import { defaultConfigFile } from './paths.ts';
import {
  camelCase,
  type Application,
  type Declarations,
  type DefaultContext,
  type Setting,
  type SettingValues,
} from './setting.ts';
import {
  credentialSource,
  dotenvSource,
  environmentSource,
  fileSource,
  flagSource,
  readSecret,
  type Origin,
  type RawValue,
  type Source,
} from './setting-source.ts';

/** What settings are resolved from. */
export interface ResolveOptions {
  readonly application: Application;
  /** Flags of the command line by camelCase name; only those that were given. */
  readonly flags?: Readonly<Record<string, unknown>>;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  /** Configuration file given by flag or variable; without it the default file, if it exists. */
  readonly configFile?: string | undefined;
  /** Every setting of the application, where `declarations` are only those of one command. */
  readonly known?: Declarations;
  /** Files of secrets are not read, their values are empty: for showing where values come from. Default false. */
  readonly leaveSecrets?: boolean;
}

/** Values of settings with the origin of each. */
export interface ResolvedSettings<D extends Declarations> {
  readonly values: SettingValues<D>;
  /** By kebab-case name. */
  readonly origins: Readonly<Record<keyof D & string, Origin>>;
}

/** Characters of a wrong value that a message quotes. */
const QUOTED_CHARACTERS_MAX = 80;

/**
 * Resolves settings.
 *
 * @throws ConfigError `E_USAGE` for a wrong flag, `E_CONFIG` for any other wrong value, unknown key or broken file.
 */
export function resolveSettings<const D extends Declarations>(
  declarations: D,
  options: ResolveOptions,
): ResolvedSettings<D> {
  const sources = readSources({ ...options.known, ...declarations }, options);
  const { application, environment, leaveSecrets = false } = options;
  const context = { application, environment, leaveSecrets };
  const values: Record<string, unknown> = {};
  const origins: Record<string, Origin> = {};
  for (const [name, declaration] of Object.entries(declarations)) {
    const { value, origin } = valueOf(name, declaration, sources, context);
    values[camelCase(name)] = value;
    origins[name] = origin;
  }
  return { values: values as SettingValues<D>, origins: origins as Record<keyof D & string, Origin> };
}

/** All places, the strongest first. */
function readSources(known: Declarations, options: ResolveOptions): readonly Source[] {
  const { application, environment, cwd } = options;
  const flags = flagSource(known, options.flags ?? {}, cwd);
  const variables = environmentSource(application, known, environment, cwd);
  const credentials = credentialSource(known, environment);
  const dotenv = dotenvSource(application, known, environment, cwd);
  const chosen =
    options.configFile ?? [flags, variables, dotenv].map((source) => source.get('config')?.raw).find(isText);
  const file =
    chosen === undefined
      ? fileSource(known, defaultConfigFile(application, environment), false)
      : fileSource(known, resolvePath(cwd, chosen), true);
  return [flags, variables, credentials, dotenv, file];
}

function valueOf(
  name: string,
  declaration: Setting<unknown>,
  sources: readonly Source[],
  context: DefaultContext & { readonly leaveSecrets: boolean },
): { value: unknown; origin: Origin } {
  for (const source of sources) {
    const found = source.get(name);
    if (found === undefined) continue;
    const { secretFile, origin } = found;
    if (secretFile === undefined) return { value: read(declaration, found), origin };
    if (context.leaveSecrets) return { value: '', origin };
    return { value: read(declaration, { ...found, raw: readSecret(secretFile, origin) }), origin };
  }
  return { value: declaration.defaultOf(context), origin: { layer: 'default', detail: '' } };
}

/** Reads a raw value by its type. A secret's value is never quoted. */
function read({ type, secret }: Setting<unknown>, { raw, origin, directory }: RawValue): unknown {
  const result = z.safeParse(type.schema, raw);
  if (!result.success) {
    const got = secret || type.isPrivate === true ? '' : `, got ${quoted(raw)}`;
    const message = `${origin.detail}: expected ${type.expects}${got}`;
    const next = origin.layer === 'flag' ? 'Correct the flag; see --help.' : undefined;
    throw explained(new ConfigError(origin.layer === 'flag' ? 'E_USAGE' : 'E_CONFIG', message), { next });
  }
  return type.isPath === true && typeof result.data === 'string' ? resolvePath(directory, result.data) : result.data;
}

function quoted(raw: unknown): string {
  const text = escapeText(JSON.stringify(raw));
  return text.length > QUOTED_CHARACTERS_MAX ? `${text.slice(0, QUOTED_CHARACTERS_MAX)}…` : text;
}

function isText(value: unknown): value is string {
  return typeof value === 'string';
}
