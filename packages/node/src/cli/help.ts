/** The help of a command: examples first, then usage, arguments, commands, flags and exit codes. */
import type { ArgumentDefinition, CommandDefinition, ProgramDefinition } from './command.ts';
import { EXIT_CODES } from './exit-codes.ts';
import type { Flag } from './flag.ts';
import { table, usableColumns, wrap } from './wrap.ts';
import type { Paint } from '../log/index.ts';

/** What a help page is about. */
export interface HelpTopic {
  readonly program: ProgramDefinition;
  /** Words after the program's name; empty for the program itself. */
  readonly words: readonly string[];
  readonly command: Omit<CommandDefinition, 'name'>;
  readonly ownFlags: readonly Flag[];
  readonly globalFlags: readonly Flag[];
}

/** The page, ending with a line break. */
export function helpText(topic: HelpTopic, options: { columns: number | undefined; paint: Paint }): string {
  const columns = usableColumns(options.columns);
  const { command, program } = topic;
  const name = [program.name, ...topic.words].join(' ');
  const section = (title: string, lines: readonly string[]): readonly string[] =>
    lines.length === 0 ? [] : [options.paint('bold', `${title}:`), ...lines, ''];
  const rows = (entries: readonly (readonly [string, string])[]): readonly string[] =>
    entries.length === 0 ? [] : table(entries, columns);
  return [
    ...wrap(command.summary, columns),
    '',
    ...section(
      'Examples',
      (command.examples ?? []).map((example) => `  ${program.name} ${example}`),
    ),
    ...section('Usage', [`  ${usage(name, topic)}`]),
    ...section('Arguments', rows((command.arguments ?? []).map((argument) => [argument.name, argumentHelp(argument)]))),
    ...section('Commands', rows((command.commands ?? []).map((inner) => [signature(inner), inner.summary]))),
    ...section('Flags', rows(shownFlags(topic.ownFlags))),
    ...section('Flags of every command', rows([...shownFlags(topic.globalFlags), ...fixedFlags])),
    ...section('Exit codes', rows(EXIT_CODES.map(([code, meaning]) => [String(code), meaning]))),
  ].join('\n');
}

const fixedFlags: readonly (readonly [string, string])[] = [
  ['-h, --help', 'Show this help.'],
  ['--version', 'Show the version.'],
  ['--', 'End of flags: what follows is an argument.'],
];

function usage(name: string, { command, ownFlags }: HelpTopic): string {
  const parts = [name, ...(command.arguments ?? []).map(argumentSyntax)];
  if ((command.commands ?? []).length > 0) parts.push('<command>');
  if (ownFlags.length > 0 || (command.commands ?? []).length > 0) parts.push('[flags]');
  return parts.join(' ');
}

function signature(command: CommandDefinition): string {
  return [command.name, ...(command.arguments ?? []).map(argumentSyntax)].join(' ');
}

/** `<name>`, `[name]` or `<names...>`. */
export function argumentSyntax({ name, optional, variadic }: ArgumentDefinition): string {
  const text = variadic ? `${name}...` : name;
  return optional ? `[${text}]` : `<${text}>`;
}

function argumentHelp({ help, choices }: ArgumentDefinition): string {
  return choices === undefined ? help : `${help} (${choices.join(', ')})`;
}

function shownFlags(flags: readonly Flag[]): readonly (readonly [string, string])[] {
  return flags.filter(({ hidden }) => !hidden).map(({ syntax, help }) => [syntax, help]);
}
