/** Completion scripts for bash, zsh and fish, generated from the tree of commands. They are static: nothing is run. */
import type { Declarations } from '../config/index.ts';
import type { CommandDefinition, ProgramDefinition } from './command.ts';
import { flagsOf, type Flag } from './flag.ts';

/** Shells that `completionScript` writes for. */
export const SHELLS = ['bash', 'zsh', 'fish'] as const;
/** One of `SHELLS`. */
export type Shell = (typeof SHELLS)[number];

/** One place in the tree, with what may follow there. */
interface Node {
  /** Words after the program's name, joined by a blank; empty at the root. */
  readonly path: string;
  readonly commands: readonly CommandDefinition[];
  readonly flags: readonly Flag[];
  /** Values of the first argument, where it has choices. */
  readonly choices: readonly string[];
  /** Whether arguments without choices follow: files are offered for them, as a shell does by itself. */
  readonly takesFiles: boolean;
}

/** Flags of every command that are no settings. */
const COMMON_FLAGS = ['--help', '--version'] as const;

/** The script; to be sourced by the shell, or put where it looks for completions. */
export function completionScript(program: ProgramDefinition, globals: Declarations, shell: Shell): string {
  const common = shownFlags(program, globals);
  const root: CommandDefinition = { name: program.name, summary: program.summary, commands: program.commands };
  const nodes = nodesOf(program, root, [], common);
  const scripts = { bash: bashScript, zsh: zshScript, fish: fishScript };
  return scripts[shell](program.name, nodes);
}

function nodesOf(
  program: ProgramDefinition,
  command: CommandDefinition,
  words: readonly string[],
  common: readonly Flag[],
): readonly Node[] {
  const commands = command.commands ?? [];
  const flags = [...shownFlags(program, command.settings ?? {}), ...common];
  const [argument] = command.arguments ?? [];
  const choices = argument?.choices ?? [];
  const takesFiles = argument !== undefined && choices.length === 0;
  const node = { path: words.join(' '), commands, flags, choices, takesFiles };
  return [node, ...commands.flatMap((inner) => nodesOf(program, inner, [...words, inner.name], common))];
}

function shownFlags({ application }: ProgramDefinition, declarations: Declarations): readonly Flag[] {
  return flagsOf(application, declarations, {}).filter(({ hidden }) => !hidden);
}

function functionName(program: string): string {
  return `_${program.replace(/[^A-Za-z0-9]/g, '_')}`;
}

/** Walks the words typed so far to the path of the command, then offers what may follow. Works in bash 3.2. */
function bashScript(program: string, nodes: readonly Node[]): string {
  const name = functionName(program);
  return [
    `# bash completion of ${program}`,
    `${name}() {`,
    '  local current="${COMP_WORDS[COMP_CWORD]}" previous="${COMP_WORDS[COMP_CWORD-1]}" path="" index',
    '  for ((index = 1; index < COMP_CWORD; index++)); do',
    '    case "${path:+$path }${COMP_WORDS[index]}" in',
    `      ${pathPatterns(nodes)}) path="\${path:+$path }\${COMP_WORDS[index]}" ;;`,
    '    esac',
    '  done',
    '  COMPREPLY=()',
    '  case "$path:$previous" in',
    ...valueCases(
      nodes,
      (choices) => `COMPREPLY=($(compgen -W '${choices.join(' ')}' -- "$current")); return`,
      'COMPREPLY=($(compgen -f -- "$current")); return',
    ),
    '  esac',
    '  case "$path" in',
    ...nodes.map((node) => {
      const offer = `COMPREPLY=($(compgen -W '${wordsAt(node).join(' ')}' -- "$current"))`;
      return `    '${node.path}') ${node.takesFiles ? `[[ "$current" == -* ]] && ${offer}` : offer} ;;`;
    }),
    '  esac',
    '}',
    `complete -o default -F ${name} ${program}`,
    '',
  ].join('\n');
}

/** The same walk in zsh. Put where zsh looks for functions, the whole script is the function and has to call it. */
function zshScript(program: string, nodes: readonly Node[]): string {
  const name = functionName(program);
  return [
    `#compdef ${program}`,
    `${name}() {`,
    '  local path_words="" index',
    '  local previous="${words[CURRENT-1]}"',
    '  for ((index = 2; index < CURRENT; index++)); do',
    '    case "${path_words:+$path_words }${words[index]}" in',
    `      ${pathPatterns(nodes)}) path_words="\${path_words:+$path_words }\${words[index]}" ;;`,
    '    esac',
    '  done',
    '  case "$path_words:$previous" in',
    ...valueCases(nodes, (choices) => `compadd -- ${choices.join(' ')}; return`, '_files; return'),
    '  esac',
    '  case "$path_words" in',
    ...nodes.map((node) => {
      const offer = `compadd -- ${wordsAt(node).join(' ')}`;
      const files = `if [[ "\${words[CURRENT]}" == -* ]]; then ${offer}; else _files; fi`;
      return `    '${node.path}') ${node.takesFiles ? files : offer} ;;`;
    }),
    '  esac',
    '}',
    `if [[ "\${funcstack[1]}" == (_${program}|${name}) ]]; then`,
    `  ${name} "$@"`,
    'elif (( $+functions[compdef] )); then',
    `  compdef ${name} ${program}`,
    'else',
    `  print -u2 '${program}: its completion comes after: autoload -Uz compinit && compinit'`,
    'fi',
    '',
  ].join('\n');
}

function fishScript(program: string, nodes: readonly Node[]): string {
  const name = functionName(program);
  const walk = [
    `# fish completion of ${program}`,
    `function ${name}_at`,
    '  set -l path ""',
    '  for word in (commandline -opc)[2..-1]',
    '    switch (string trim "$path $word")',
    `      case ${nodes
      .filter(({ path }) => path !== '')
      .map(({ path }) => `'${path}'`)
      .join(' ')}`,
    '        set path (string trim "$path $word")',
    '    end',
    '  end',
    '  test "$path" = "$argv[1]"',
    'end',
    `complete -c ${program} -f`,
  ];
  const lines = nodes.flatMap((node) => {
    const at = `complete -c ${program} -n "${name}_at '${node.path}'"`;
    return [
      ...node.commands.map((inner) => `${at} -a ${inner.name} -d ${quoted(inner.summary)}`),
      ...node.choices.map((choice) => `${at} -a ${choice}`),
      ...(node.takesFiles ? [`${at} -F`] : []),
      ...node.flags.map((flag) => `${at} -l ${flag.long.slice(2)}${fishValue(flag)} -d ${quoted(flag.help)}`),
    ];
  });
  const common = COMMON_FLAGS.map((flag) => `complete -c ${program} -l ${flag.slice(2)}`);
  return [...walk, ...lines, ...common, ''].join('\n');
}

function fishValue({ takesValue, choices, isPath }: Flag): string {
  if (!takesValue) return '';
  if (choices !== undefined) return ` -x -a '${choices.join(' ')}'`;
  return isPath ? ' -r -F' : ' -x';
}

function pathPatterns(nodes: readonly Node[]): string {
  return nodes
    .filter(({ path }) => path !== '')
    .map(({ path }) => `'${path}'`)
    .join('|');
}

/** Cases for "the word before is a flag that takes a value". */
function valueCases(
  nodes: readonly Node[],
  offer: (choices: readonly string[]) => string,
  files: string,
): readonly string[] {
  return nodes.flatMap(({ path, flags }) =>
    flags.flatMap(({ long, choices, isPath, takesValue }) => {
      if (!takesValue) return [];
      const action = choices !== undefined ? offer(choices) : isPath ? files : 'return';
      return [`    '${path}:${long}') ${action} ;;`];
    }),
  );
}

function wordsAt({ commands, flags, choices }: Node): readonly string[] {
  return [...commands.map(({ name }) => name), ...choices, ...flags.map(({ long }) => long), ...COMMON_FLAGS];
}

function quoted(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}
