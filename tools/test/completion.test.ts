/**
 * The completion scripts of both programs in the shells they are for: bash, zsh and fish load them and offer what fits.
 *
 * A shell that is not installed is named, and its tests skip (Debian: apt-get install zsh fish).
 */
import { execFile, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { programWords } from '@sealane/node/testing';

jest.setTimeout(60_000);

const folder = mkdtempSync(join(tmpdir(), 'sealane-completion-'));
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** Runs a shell to its end, in an empty home. @returns its lines; fails where it complained. */
async function run(shell: string, ...args: readonly string[]): Promise<string[]> {
  const environment = { PATH: process.env['PATH'], HOME: folder, TERM: 'dumb', INNER: join(folder, 'inner.zsh') };
  const { stdout, stderr } = await promisify(execFile)(shell, args, { cwd: folder, env: environment, timeout: 30_000 });
  expect(stderr).toBe('');
  return stdout.split('\n').filter((line) => line !== '');
}

/** A terminal in which TAB is pressed after a line; prints what the completion offers. */
const ZSH_OUTER = `zmodload zsh/zpty
export SETUP=$1 OFFERED=$(mktemp -p $HOME)
zpty terminal zsh -f -i
zpty -w terminal 'source $INNER'
zpty -w -n terminal "$2"$'\\t'
while zpty -r terminal line; do :; done
cat $OFFERED; rm $OFFERED
`;
const ZSH_INNER = `bindkey '^I' complete-word
autoload -Uz compinit
eval $SETUP
compadd() {
  if (( \${@[(I)-[ADO]]} == 0 )); then
    local -a matches; builtin compadd -A matches "$@"; print -rl -- $matches >> $OFFERED
  fi
  builtin compadd "$@"
}
comppostfuncs=(exit)
`;

/** What a shell offers behind the last word of a line, with the script in \`file\`. */
type Ask = (program: string, file: string, line: string) => Promise<string[]>;

const bash: Ask = (program, file, line) => {
  const words = line.split(' ').map((word) => `'${word}'`);
  const ask = `source ${file}; COMP_WORDS=(${words.join(' ')}); COMP_CWORD=${words.length - 1}
    eval "$(complete -p ${program} | sed 's/.* -F \\([^ ]*\\) .*/\\1/')"; printf '%s\\n' "\${COMPREPLY[@]}"`;
  return run('bash', '--norc', '-c', ask);
};
/** Zsh looks through all of its functions for a third of a second: once, then it has them in a file, as users do. */
const ZSH_SETUPS = {
  sourced: `compinit -C -d ${folder}/sourced.dump`,
  found: `fpath=(${folder} $fpath); compinit -C -d ${folder}/found.dump`,
} as const;
const askZsh = (setup: string, line: string): Promise<string[]> =>
  run('zsh', '-f', join(folder, 'outer.zsh'), setup, line);
const fish: Ask = async (_program, file, line) => {
  const offered = await run('fish', '--no-config', '-c', `source ${file}; complete -C '${line}'`);
  return offered.map((candidate) => candidate.split('\t')[0]!);
};

const WAYS: readonly { way: string; shell: 'bash' | 'zsh' | 'fish'; ask: Ask }[] = [
  { way: 'bash', shell: 'bash', ask: bash },
  {
    way: 'zsh, sourced',
    shell: 'zsh',
    ask: (_program, file, line) => askZsh(`${ZSH_SETUPS.sourced}; source ${file}`, line),
  },
  {
    way: 'zsh, found by name',
    shell: 'zsh',
    ask: (_program, _file, line) => askZsh(ZSH_SETUPS.found, line),
  },
  { way: 'fish', shell: 'fish', ask: fish },
];

/** Lines with what has to be offered, in alphabetical order, and nothing else. */
const LINES: Readonly<Record<string, readonly (readonly [line: string, offered: readonly string[]])[]>> = {
  'sealane-agent': [
    ['sealane-agent sta', ['start', 'status']],
    ['sealane-agent known-servers acc', ['accept']],
    ['sealane-agent --json config sh', ['show']],
    ['sealane-agent start --su', ['--suites']],
    ['sealane-agent start --suites ', ['any', 'pq']],
    ['sealane-agent --log-level info get', ['get-file']],
    ['sealane-agent get-file --out', ['--output']],
    ['sealane-agent completion fi', ['fish']],
    ['sealane-agent --vers', ['--version']],
  ],
  'sealane-server': [
    ['sealane-server ser', ['serve']],
    ['sealane-server serve --enrolment ', ['closed', 'loopback', 'open', 'token']],
    ['sealane-server errors ex', ['explain']],
    ['sealane-server serve --receive-q', ['--receive-quota']],
  ],
};

beforeAll(async () => {
  writeFileSync(join(folder, 'outer.zsh'), ZSH_OUTER);
  writeFileSync(join(folder, 'inner.zsh'), ZSH_INNER);
  writeFileSync(join(folder, 'a-file'), '');
  for (const name of ['server', 'agent'] as const) {
    const program = `sealane-${name}`;
    for (const [shell, file] of [
      ['bash', `${program}.bash`],
      ['zsh', `_${program}`],
      ['fish', `${program}.fish`],
    ] as const) {
      const { stdout } = await promisify(execFile)(process.execPath, [...programWords(name), 'completion', shell]);
      writeFileSync(join(folder, file), stdout);
    }
  }
  if (isInstalled('zsh'))
    for (const setup of Object.values(ZSH_SETUPS)) await run('zsh', '-f', '-c', `autoload -Uz compinit; ${setup}`);
});

function isInstalled(shell: string): boolean {
  return spawnSync(shell, ['-c', 'exit']).status === 0;
}

describe.each(WAYS)('completion in $way', ({ shell, ask }) => {
  const isThere = isInstalled(shell);
  if (!isThere) console.warn(`NOTICE: ${shell} is missing (apt-get install ${shell}); its completion is not tried`);
  const test = isThere ? it : it.skip;
  const fileOf = (program: string): string => join(folder, shell === 'zsh' ? `_${program}` : `${program}.${shell}`);

  test.each(Object.keys(LINES))('%s: commands, flags and values', async (program) => {
    const asked = LINES[program]!.map(async ([line]) => [line, (await ask(program, fileOf(program), line)).sort()]);
    expect(await Promise.all(asked)).toEqual(LINES[program]);
  });

  test('files for an argument, flags after a dash', async () => {
    const file = fileOf('sealane-agent');
    // bash completes files by itself where the script offers nothing.
    const files = shell === 'bash' ? [] : ['a-file'];
    expect(await ask('sealane-agent', file, 'sealane-agent send-file a-')).toEqual(files);
    expect(await ask('sealane-agent', file, 'sealane-agent send-file --help')).toEqual(['--help']);
  });
});
