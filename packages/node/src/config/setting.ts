/**
 * How a setting is declared: once, by kebab-case name. From the declaration come its flag (`--data-dir`), its
 * environment variable (`SEALANE_DATA_DIR`), its key in the configuration file, its help line and its type.
 * Not the values: resolve.ts finds them.
 */
import type { SettingType } from './setting-type.ts';

/** Which program's settings: decides the prefix of the environment variables and the default paths. */
export type Application = 'server' | 'agent';

/** What a default may depend on. */
export interface DefaultContext {
  readonly application: Application;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/** One declared setting; `Value` includes undefined where there is no default. */
export interface Setting<Value> {
  readonly type: SettingType<Value>;
  readonly help: string;
  defaultOf(context: DefaultContext): Value;
  /** How help shows the default, where it is not the value itself. */
  readonly defaultHelp: string | undefined;
  /** Never shown; also read from `NAME_FILE`, `--name-file` and systemd credentials. */
  readonly secret: boolean;
  /** A secret that may be given as `--name VALUE`, with a warning. Other secrets have only `--name-file`. */
  readonly secretAsArgument: boolean;
  /** Whether a running process takes a new value on reload. */
  readonly reloadable: boolean;
}

/** Settings by kebab-case name. */
export type Declarations = Readonly<Record<string, Setting<unknown>>>;

/** `data-dir` as `dataDir`. */
export type CamelCase<Name extends string> = Name extends `${infer Head}-${infer Tail}`
  ? `${Head}${Capitalize<CamelCase<Tail>>}`
  : Name;

/** The values of declared settings, by camelCase name. */
export type SettingValues<D extends Declarations> = {
  readonly [Name in keyof D & string as CamelCase<Name>]: D[Name] extends Setting<infer Value> ? Value : never;
};

interface SettingOptions {
  readonly help: string;
  readonly secret?: boolean;
  readonly secretAsArgument?: boolean;
  readonly reloadable?: boolean;
  readonly defaultHelp?: string;
}

/**
 * Declares a setting.
 *
 * @example
 * const settings = {
 *   port: setting(port(), { help: 'Port to listen on; 0 takes a free one.', default: 1337 }),
 *   'token-file': setting(path(), { help: 'File with the enrolment token.' }),
 * };
 */
export function setting<Value>(
  type: SettingType<Value>,
  options: SettingOptions & { readonly default: NoInfer<Value> | ((context: DefaultContext) => NoInfer<Value>) },
): Setting<Value>;
export function setting<Value>(type: SettingType<Value>, options: SettingOptions): Setting<Value | undefined>;
export function setting<Value>(
  type: SettingType<Value>,
  options: SettingOptions & { readonly default?: NoInfer<Value> | ((context: DefaultContext) => NoInfer<Value>) },
): Setting<Value | undefined> {
  const fallback = options.default;
  return {
    type,
    help: options.help,
    defaultOf: (context) =>
      typeof fallback === 'function' ? (fallback as (context: DefaultContext) => Value)(context) : fallback,
    defaultHelp: options.defaultHelp,
    secret: options.secret ?? false,
    secretAsArgument: options.secretAsArgument ?? false,
    reloadable: options.reloadable ?? false,
  };
}

/** `data-dir` as `dataDir`, the name of its value. */
export function camelCase(name: string): string {
  return name.replace(/-([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}

/** Prefix of the application's environment variables. */
export function environmentPrefix(application: Application): string {
  return application === 'server' ? 'SEALANE_' : 'SEALANE_AGENT_';
}

/** `data-dir` as `SEALANE_DATA_DIR` (server) or `SEALANE_AGENT_DATA_DIR` (agent). */
export function environmentName(application: Application, name: string): string {
  return environmentPrefix(application) + name.toUpperCase().replaceAll('-', '_');
}
