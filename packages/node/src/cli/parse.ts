/**
 * The command line, parsed by commander into one invocation: run this, show that help, or fail with E_USAGE. Nothing
 * is printed or run here, and no text of commander's reaches the user unchanged.
 */
import { Argument, Command, CommanderError, Option } from 'commander';
import { escapeText } from '@sealane/shared/bytes';
import { ConfigError } from '@sealane/shared/errors';
import { explained, suggest, type Declarations } from '../config/index.ts';
import { mergedSettings, type CommandDefinition, type ProgramDefinition } from './command.ts';
import { flagsOf, type Flag } from './flag.ts';
import { argumentSyntax, type HelpTopic } from './help.ts';

/** What the command line asks for. */
export type Invocation =
  | { readonly kind: 'version' }
  | { readonly kind: 'help'; readonly topic: HelpTopic }
  | {
      readonly kind: 'run';
      readonly command: CommandDefinition;
      readonly words: readonly string[];
      readonly arguments: readonly string[];
      /** By camelCase name, only those given. */
      readonly flags: Readonly<Record<string, unknown>>;
      /** Flags given that put a secret into the argument list. */
      readonly exposed: readonly Flag[];
    };

interface Tree {
  readonly program: ProgramDefinition;
  readonly globals: Declarations;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/**
 * Parses the words after the program's name.
 *
 * @throws ConfigError `E_USAGE` for an unknown command or flag, a missing value, or too many arguments.
 */
export function parseCommandLine(tree: Tree, words: readonly string[]): Invocation {
  const { program } = tree;
  let invocation: Invocation | undefined;
  const settle = (found: Invocation): void => void (invocation = found);
  const rootDefinition = { name: program.name, summary: program.summary, commands: program.commands };
  const rootCommand = { ...rootDefinition, ...(program.examples && { examples: program.examples }) };
  const root = build(tree, rootCommand, [], { line: words, settle });
  root.option('--version');
  try {
    root.parse([...words], { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.code === 'commander.help') return settled(invocation);
    throw usageError(error, program, words);
  }
  if (root.opts()['version'] === true) return { kind: 'version' };
  return settled(invocation);
}

function settled(invocation: Invocation | undefined): Invocation {
  if (invocation === undefined) throw new ConfigError('E_USAGE', 'The command line names no command');
  return invocation;
}

interface Parsing {
  /** The words after the program's name. */
  readonly line: readonly string[];
  readonly settle: (invocation: Invocation) => void;
}

/** One commander command for a definition, its inner ones included. Those that the line cannot mean are names: flags take time. */
function build(tree: Tree, definition: CommandDefinition, words: readonly string[], parsing: Parsing): Command {
  const { line, settle } = parsing;
  const { program, environment } = tree;
  const ownFlags = flagsOf(program.application, definition.settings ?? {}, environment);
  const globalFlags = flagsOf(program.application, tree.globals, environment);
  const topic: HelpTopic = { program, words, command: definition, ownFlags, globalFlags };
  const command = new Command(definition.name)
    .exitOverride()
    .configureOutput({ writeOut: () => undefined, writeErr: () => undefined })
    .helpCommand(false)
    .helpOption(false)
    .option('-h, --help')
    .allowExcessArguments(definition.run === undefined)
    .showSuggestionAfterError(false);
  for (const flag of [...ownFlags, ...globalFlags]) command.addOption(new Option(flag.syntax));
  for (const argument of definition.arguments ?? []) {
    // With --help, missing arguments are no mistake: they are checked in `settleRun`.
    command.addArgument(new Argument(argumentSyntax({ ...argument, optional: true }), argument.help));
  }
  for (const inner of definition.commands ?? []) {
    const canBeMeant = line.includes(inner.name);
    command.addCommand(canBeMeant ? build(tree, inner, [...words, inner.name], parsing) : new Command(inner.name));
  }
  command.action(() => {
    const flags = mergedFlags(command);
    if (flags['help'] === true || definition.run === undefined) {
      if (flags['help'] !== true) refuseUnknownCommand(topic, command.args);
      settle({ kind: 'help', topic });
    } else {
      settle(settleRun(topic, definition, command.args, flags));
    }
  });
  return command;
}

function settleRun(
  topic: HelpTopic,
  command: CommandDefinition,
  given: readonly string[],
  flags: Readonly<Record<string, unknown>>,
): Invocation {
  for (const [index, argument] of (command.arguments ?? []).entries()) {
    const value = given[index];
    if (value === undefined && argument.optional !== true) {
      throw usage(`The argument <${argument.name}> is missing`, topic, undefined);
    }
    if (value === undefined || argument.choices === undefined || argument.choices.includes(value)) continue;
    const meant = suggest(value, argument.choices);
    throw usage(`<${argument.name}> must be one of ${argument.choices.join(', ')}`, topic, meant);
  }
  const exposed = topic.ownFlags.filter(
    ({ secret, long }) => secret !== undefined && flags[long.slice(2)] !== undefined,
  );
  for (const { secret, long } of exposed) {
    if (secret !== 'refused') continue;
    const error = new ConfigError('E_USAGE', `${long} is not taken on the command line, where other users can see it`);
    throw explained(error, { next: `Put it into a file that only you can read and use ${long}-file.` });
  }
  return { kind: 'run', command, words: topic.words, arguments: given, flags, exposed };
}

/** The flags of the command and of the groups before it; the innermost wins. */
function mergedFlags(command: Command): Readonly<Record<string, unknown>> {
  const chain: Command[] = [];
  for (let each: Command | null = command; each !== null; each = each.parent) chain.unshift(each);
  return Object.assign({}, ...chain.map((each) => each.opts())) as Record<string, unknown>;
}

function refuseUnknownCommand(topic: HelpTopic, given: readonly string[]): void {
  const [word] = given;
  if (word === undefined) return;
  const meant = suggest(
    word,
    (topic.command.commands ?? []).map(({ name }) => name),
  );
  throw usage(`Unknown command "${shown(word)}"`, topic, meant);
}

/** Our words for commander's errors. */
function usageError(error: CommanderError, program: ProgramDefinition, words: readonly string[]): ConfigError {
  const subject = /'([^']*)'/.exec(error.message)?.[1] ?? '';
  const help = helpHint([program.name, ...commandWords(program, words)].join(' '));
  switch (error.code) {
    case 'commander.unknownOption': {
      // Without its value: that may be a secret.
      const name = subject.split('=')[0] ?? '';
      // A group has no flags: what stands before them was meant for one of its commands.
      const mistyped = commandsOnLine(program, words).at(-1)?.run === undefined && mistypedCommand(program, words);
      if (mistyped) return unknownCommand(mistyped, help);
      const meant = suggest(name, knownFlags(program, words));
      return explained(new ConfigError('E_USAGE', `Unknown flag ${shown(name)}`), {
        next: meant === undefined ? help : `Did you mean ${meant}? ${help}`,
      });
    }
    case 'commander.optionMissingArgument':
      return explained(new ConfigError('E_USAGE', `The flag ${shown(subject.split(' ')[0] ?? '')} needs a value`), {
        next: help,
      });
    case 'commander.excessArguments': {
      const mistyped = mistypedCommand(program, words);
      if (mistyped !== undefined) return unknownCommand(mistyped, help);
      return explained(new ConfigError('E_USAGE', 'There are more arguments than the command takes'), { next: help });
    }
    default:
      return explained(new ConfigError('E_USAGE', shown(error.message.replace(/^error: /, ''))), { next: help });
  }
}

function unknownCommand([word, meant]: readonly [word: string, meant: string], help: string): ConfigError {
  return explained(new ConfigError('E_USAGE', `Unknown command "${shown(word)}"`), {
    next: `Did you mean ${meant}? ${help}`,
  });
}

function usage(message: string, topic: HelpTopic, meant: string | undefined): ConfigError {
  const help = helpHint([topic.program.name, ...topic.words].join(' '));
  return explained(new ConfigError('E_USAGE', message), {
    next: meant === undefined ? help : `Did you mean ${meant}? ${help}`,
  });
}

function helpHint(name: string): string {
  return `See ${name} --help.`;
}

/** The command words at the front of a line, as far as the program has them. */
function commandWords(program: ProgramDefinition, words: readonly string[]): readonly string[] {
  return commandsOnLine(program, words).map(({ name }) => name);
}

function commandsOnLine(program: ProgramDefinition, words: readonly string[]): readonly CommandDefinition[] {
  const found: CommandDefinition[] = [];
  let level: readonly CommandDefinition[] = program.commands;
  for (const word of words) {
    const next = level.find(({ name }) => name === word);
    if (next === undefined) continue;
    found.push(next);
    level = next.commands ?? [];
  }
  return found;
}

/** The word that was meant for a command within the last one, and that command; undefined where none comes near. */
function mistypedCommand(
  program: ProgramDefinition,
  words: readonly string[],
): readonly [word: string, meant: string] | undefined {
  const last = commandsOnLine(program, words).at(-1);
  const names = last?.commands?.map(({ name }) => name) ?? [];
  for (const word of words.slice(last === undefined ? 0 : words.indexOf(last.name) + 1)) {
    const meant = word.startsWith('-') ? undefined : suggest(word, names);
    if (meant !== undefined) return [word, meant];
  }
  return undefined;
}

function knownFlags(program: ProgramDefinition, words: readonly string[]): readonly string[] {
  const declarations = mergedSettings(commandsOnLine(program, words));
  const own = flagsOf(program.application, declarations, {}).filter(({ hidden }) => !hidden);
  return [
    ...own.map(({ long }) => long),
    '--json',
    '--help',
    '--version',
    '--log-level',
    '--config',
    '--debug',
    '--color',
    '--quiet',
  ];
}

function shown(text: string): string {
  return escapeText(text.length > 80 ? `${text.slice(0, 80)}…` : text);
}
