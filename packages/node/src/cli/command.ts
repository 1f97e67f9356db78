/**
 * How a program's commands are declared. A command's flags are declared settings, so each has its environment variable,
 * its type and its help from one place. Parsing and running are program.ts and run-cli.ts.
 */
import type { Readable } from 'node:stream';
import type { Application, Declarations, Origin, ResolveOptions, SettingValues } from '../config/index.ts';
import type { RootLogger } from '../log/index.ts';
import type { GlobalSettings } from './global-settings.ts';
import type { Output } from './output.ts';
import type { Shutdown } from './shutdown.ts';

/** A positional argument, `<name>` or `[name]`. */
export interface ArgumentDefinition {
  readonly name: string;
  readonly help: string;
  readonly optional?: boolean;
  /** Takes all that follow; only as the last one. */
  readonly variadic?: boolean;
  readonly choices?: readonly string[];
}

/**
 * How a command ends: `work` is done when it is done and a signal interrupts it (130, 143); a `listener` prints until
 * a signal ends it (0), or its reader goes away (0); a `server` runs until a signal ends it (0) and needs no reader.
 */
export type CommandLife = 'work' | 'listener' | 'server';

/** What a command runs with. */
export interface CommandContext<D extends Declarations> {
  readonly settings: SettingValues<D>;
  /** By kebab-case name. */
  readonly origins: Readonly<Record<string, Origin>>;
  /** Positional arguments in order. */
  readonly arguments: readonly string[];
  readonly globals: SettingValues<GlobalSettings>;
  readonly output: Output;
  /** The log of the process; a reload may set its level. */
  readonly log: RootLogger;
  readonly shutdown: Shutdown;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  readonly stdin: Readable & { readonly isTTY?: boolean };
  /** What the settings were resolved from: for `reloadSettings`. */
  readonly resolveOptions: ResolveOptions;
  readonly program: ProgramDefinition;
}

/** One command, or a group of them. */
export interface CommandDefinition<D extends Declarations = Declarations> {
  readonly name: string;
  /** One sentence. */
  readonly summary: string;
  readonly arguments?: readonly ArgumentDefinition[];
  readonly settings?: D;
  /** Lines a user could type, without the program's name in front. */
  readonly examples?: readonly string[];
  readonly life?: CommandLife;
  readonly commands?: readonly CommandDefinition[];
  /** It only shows settings: files of secrets are not read. */
  readonly leavesSecrets?: boolean;
  /** Does the work; a number is the exit code where a result other than an error decides it. */
  run?(context: CommandContext<D>): Promise<number | undefined> | Promise<void>;
}

/** A program: its name on the command line and its commands. */
export interface ProgramDefinition {
  readonly name: string;
  readonly version: string;
  readonly summary: string;
  readonly application: Application;
  readonly examples?: readonly string[];
  readonly commands: readonly CommandDefinition[];
  /** What `config show` shows; by default every setting of every command. */
  readonly configSettings?: Declarations;
  /** Default of --log-level. */
  readonly logLevel?: 'error' | 'warn' | 'info';
}

/**
 * Declares a command with the types of its settings.
 *
 * @example
 * defineCommand({
 *   name: 'serve', summary: 'Run the server.', life: 'server', settings: { port },
 *   run: async ({ settings, shutdown }) => { … settings.port … },
 * });
 */
export function defineCommand<const D extends Declarations>(command: CommandDefinition<D>): CommandDefinition {
  return command;
}

/** Every setting of every command, for telling unknown variables and keys from those of another command. */
export function settingsOfProgram(program: ProgramDefinition): Declarations {
  const everyCommand = (commands: readonly CommandDefinition[]): readonly CommandDefinition[] =>
    commands.flatMap((command) => [command, ...everyCommand(command.commands ?? [])]);
  return mergedSettings(everyCommand(program.commands));
}

/** The settings of some commands in one; of two with one name, that of the later command. */
export function mergedSettings(commands: readonly CommandDefinition[]): Declarations {
  return Object.fromEntries(commands.flatMap(({ settings }) => Object.entries(settings ?? {})));
}
