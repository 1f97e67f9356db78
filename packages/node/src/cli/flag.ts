/** The flags of settings: how each is written on the command line, shown in help and completed. */
import type { Application, Declarations, Setting } from '../config/index.ts';
import { environmentName } from '../config/index.ts';

/** One flag as commander, help and completion need it. */
export interface Flag {
  /** `--port <port>`, `--json`, `--no-progress`. */
  readonly syntax: string;
  /** `--port`. */
  readonly long: string;
  readonly takesValue: boolean;
  readonly choices: readonly string[] | undefined;
  readonly isPath: boolean;
  readonly help: string;
  /** Understood, but not shown in help and completion. */
  readonly hidden: boolean;
  /** A secret that this flag would put into the argument list. */
  readonly secret: 'warned' | 'refused' | undefined;
}

/** All flags of some settings, in order. */
export function flagsOf(
  application: Application,
  declarations: Declarations,
  environment: Environment,
): readonly Flag[] {
  return Object.entries(declarations).flatMap(([name, declaration]) => {
    const help = helpOf(application, name, declaration, environment);
    if (declaration.secret) return secretFlags(application, name, declaration);
    return declaration.type.placeholder === undefined
      ? switchFlags(name, declaration, help)
      : [valueFlag(name, declaration, help)];
  });
}

type Environment = Readonly<Record<string, string | undefined>>;

function valueFlag(name: string, { type }: Setting<unknown>, help: string): Flag {
  const { placeholder = '<value>', choices, isPath = false } = type;
  return flag(`--${name}`, help, { syntax: `--${name} ${placeholder}`, takesValue: true, choices, isPath });
}

/** `--name` and `--no-name`; only the one that changes the default is shown. */
function switchFlags(name: string, declaration: Setting<unknown>, help: string): readonly Flag[] {
  const on = declaration.defaultOf({ application: 'server', environment: {} }) === true;
  return [
    flag(`--${name}`, help, { hidden: on }),
    flag(`--no-${name}`, on ? `Turn this off: ${lowerFirst(help)}` : help, { hidden: !on }),
  ];
}

/** A secret comes from a file, or from a variable that holds it or names its file; as a flag only where that is allowed. */
function secretFlags(
  application: Application,
  name: string,
  { secretAsArgument, type, help }: Setting<unknown>,
): readonly Flag[] {
  const variable = environmentName(application, name);
  const exposed = `Others can see it in the process list: use --${name}-file.`;
  const plain = flag(`--${name}`, `${help} ${exposed} (${variable})`, {
    syntax: `--${name} ${type.placeholder ?? '<text>'}`,
    takesValue: true,
    hidden: !secretAsArgument,
    secret: secretAsArgument ? 'warned' : 'refused',
  });
  const file = flag(`--${name}-file`, `File with the ${lowerFirst(help)} (${variable}_FILE)`, {
    syntax: `--${name}-file <path>`,
    takesValue: true,
    isPath: true,
  });
  return [plain, file];
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}

function flag(long: string, help: string, rest: Partial<Flag>): Flag {
  const plain = { takesValue: false, choices: undefined, isPath: false, hidden: false, secret: undefined };
  return { syntax: long, ...plain, ...rest, long, help };
}

/** The help line with default and environment variable. */
function helpOf(
  application: Application,
  name: string,
  declaration: Setting<unknown>,
  environment: Environment,
): string {
  const { type, help, defaultHelp, secret } = declaration;
  const value = declaration.defaultOf({ application, environment });
  const isPlainSwitch = type.placeholder === undefined;
  const shown = defaultHelp ?? (value === undefined || secret || isPlainSwitch ? undefined : type.show(value));
  const parts = [...(shown === undefined ? [] : [`default ${shown}`]), environmentName(application, name)];
  return `${help} (${parts.join('; ')})`;
}
