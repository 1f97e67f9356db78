// The command-line frame as a user and a script meet it: real processes of the demo program.
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { ERRORS, EXIT } from '@sealane/shared/errors';
import { EXIT_CODES } from '@sealane/node/cli';
import { DEMO_WORDS, jsonLines, runDemo, startDemo } from './run-demo.ts';

jest.setTimeout(60_000);

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'sealane-cli-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

describe('help', () => {
  it('is what a program without a command prints, with exit code 0', async () => {
    const { code, stdout, stderr } = await runDemo([]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout.indexOf('Examples:')).toBeLessThan(stdout.indexOf('Usage:'));
    expect(stdout).toContain('Exit codes:');
    expect(stdout).not.toContain('\u001b');
  });

  it('lists every exit code of the table of errors', () => {
    const listed = EXIT_CODES.map(([code]) => code);
    expect(listed).toEqual(
      expect.arrayContaining([...Object.values(EXIT), ...Object.values(ERRORS).map(({ exit }) => exit)]),
    );
  });

  it('is the same as `help COMMAND`, also where arguments are missing', async () => {
    const [flag, word] = await Promise.all([runDemo(['fail', '--help']), runDemo(['help', 'fail'])]);
    expect(flag.stdout).toBe(word.stdout);
    expect(flag.code).toBe(0);
    expect(flag.stdout).toContain('demo fail <how>');
  });

  it('of a group names its commands', async () => {
    const { code, stdout } = await runDemo(['config']);
    expect(code).toBe(0);
    expect(stdout).toContain('validate');
  });

  it('shows the version', async () => {
    expect(await runDemo(['--version'])).toMatchObject({ code: 0, stdout: '1.2.3\n' });
  });
});

describe('wrong command lines', () => {
  it.each([
    [['serv'], 'Unknown command "serv"', 'Did you mean serve?'],
    [['config', 'sohw'], 'Unknown command "sohw"', 'Did you mean show?'],
    [['serve', '--prot', '3'], 'Unknown flag --prot', 'Did you mean --port?'],
    [['count', '--tokn=canary'], 'Unknown flag --tokn', 'Did you mean --token?'],
    [['serve', '--port'], 'The flag --port', 'demo serve --help'],
    [['serve', 'extra'], 'more arguments', 'demo serve --help'],
    [['serve', '--port', '99999'], 'expected a port', '--help'],
    [['serve', '--enrolment=opne'], 'one of loopback', '--help'],
    [['fail'], 'The argument <how> is missing', 'demo fail --help'],
    [['fail', 'bgu'], 'must be one of', 'Did you mean bug?'],
    [['count', '--password', 'canary'], 'not taken on the command line', '--password-file'],
  ])('C6: %j exits 2 and says what, why, next and code', async (words, what, next) => {
    const { code, stdout, stderr } = await runDemo(words);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(/^Error: .*\nWhy: .*\nNext: .*\nCode: .*E_USAGE/);
    expect(stderr).toContain(what);
    expect(stderr).toContain(next);
    expect(stderr).not.toContain('canary');
  });

  it('C6: with --json the last stdout line says it, and only that', async () => {
    const { code, stdout, stderr } = await runDemo(['serve', '--prot', '--json']);
    expect(code).toBe(2);
    expect(jsonLines(stdout)).toEqual([{ event: 'error', code: 'E_USAGE', message: 'Unknown flag --prot' }]);
    expect(stderr).toBe('');
  });

  it('C4: a secret on the command line is warned of', async () => {
    const { code, stderr } = await runDemo(['count', '--token', 'canary', '--lines', '0']);
    expect(code).toBe(0);
    expect(stderr).toContain('use --token-file');
    expect(stderr).not.toContain('canary');
  });

  it('takes what follows -- as arguments', async () => {
    expect((await runDemo(['say', '--', '--json', '-x'])).stdout).toBe('--json -x\n');
  });
});

describe('configuration', () => {
  it('C5: the flag wins, and config show --origin explains', async () => {
    writeFileSync(join(directory, 'c.json'), '{"port": 1, "host": "file"}');
    const environment = { SEALANE_PORT: '2', SEALANE_CONFIG: 'c.json' };
    const { stdout } = await runDemo(['config', 'show', '--origin', '--json'], { environment, cwd: directory });
    const rows = jsonLines(stdout);
    expect(rows).toContainEqual({
      event: 'setting',
      name: 'port',
      value: '2',
      origin: 'environment',
      detail: 'SEALANE_PORT',
    });
    expect(rows).toContainEqual(expect.objectContaining({ name: 'host', value: 'file', origin: 'file' }));
  });

  it('C5: config show and config validate take the flags of the program', async () => {
    const { stdout } = await runDemo(['config', 'show', '--origin', '--json', '--port', '7']);
    expect(jsonLines(stdout)).toContainEqual({
      event: 'setting',
      name: 'port',
      value: '7',
      origin: 'flag',
      detail: '--port',
    });
    expect((await runDemo(['config', 'validate', '--port', 'x'])).code).toBe(2);
  });

  it('C5: help of a secret names the flag and the variable of its file, which both work', async () => {
    const { stdout } = await runDemo(['count', '--help']);
    expect(stdout.replace(/\s+/g, ' ')).toContain(
      '--password-file <path> File with the secret of the demo. (SEALANE_PASSWORD_FILE)',
    );
    writeFileSync(join(directory, 'secret'), 'canary');
    const environment = { SEALANE_PASSWORD_FILE: join(directory, 'secret') };
    expect((await runDemo(['count', '--lines', '0'], { environment })).code).toBe(0);
  });

  it('C5: config validate names an unknown variable, exit 78', async () => {
    const { code, stdout } = await runDemo(['config', 'validate', '--json'], { environment: { SEALANE_PROT: '1' } });
    expect(code).toBe(78);
    expect(jsonLines(stdout)[0]).toMatchObject({ code: 'E_CONFIG' });
    expect((await runDemo(['config', 'validate'])).code).toBe(0);
  });
});

describe('failures', () => {
  it('S8: an error has its exit code and its own next step', async () => {
    const { code, stderr } = await runDemo(['fail', 'config']);
    expect(code).toBe(78);
    expect(stderr).toContain('Next:  Run: chmod 600 k');
    expect(stderr).not.toContain(' at ');
  });

  it('C6: an error of the system gets its code; a fault of ours shows its stack with --debug only', async () => {
    expect((await runDemo(['fail', 'system'])).code).toBe(69);
    const [plain, debug] = await Promise.all([runDemo(['fail', 'bug']), runDemo(['fail', 'bug', '--debug'])]);
    expect([plain.code, debug.code]).toEqual([1, 1]);
    expect(plain.stderr).not.toMatch(/demo-program\.[jt]s/);
    expect(debug.stderr).toMatch(/demo-program\.[jt]s/);
  });

  it('O8: an unhandled rejection is logged with its context and ends the process with 1', async () => {
    const { code, stdout, stderr } = await runDemo(['fail', 'rejection', '--json']);
    expect(code).toBe(1);
    expect(jsonLines(stdout).at(-1)).toMatchObject({ event: 'error', code: 'E_INTERNAL' });
    expect(stderr).toContain('"origin":"unhandledRejection"');
  });

  it('errors explain tells a code, or the nearest one', async () => {
    expect((await runDemo(['errors', 'explain', 'e_config'])).stdout).toContain(ERRORS.E_CONFIG.means);
    expect((await runDemo(['errors', 'explain', 'E_CONFG'])).stderr).toContain('Did you mean E_CONFIG?');
  });
});

describe('streams', () => {
  const shell = promisify(execFile);
  const demo = [process.execPath, ...DEMO_WORDS].map((word) => `'${word}'`).join(' ');

  it('C2: a reader that goes away costs no stack', async () => {
    const line = `${demo} count --lines 2000000 | head -1; echo "codes \${PIPESTATUS[*]}"; ${demo} --help | head -1`;
    const { stdout, stderr } = await shell('bash', ['-c', line]);
    expect(stdout).toBe('line 0\ncodes 141 0\nShows what the command-line frame does.\n');
    expect(stderr).toBe('');
  });

  (existsSync('/dev/full') ? it : it.skip)('C2: a full disk behind stdout is an error with exit code 74', async () => {
    const full = openSync('/dev/full', 'w');
    const child = spawn(process.execPath, [...DEMO_WORDS, 'count'], {
      stdio: ['ignore', full, 'pipe'],
    });
    let stderr = '';
    child.stderr?.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
    const [code] = (await once(child, 'close')) as [number];
    expect(code).toBe(74);
    expect(stderr).toContain('E_STORAGE');
  });

  it('C2: closed stdout and stderr do not crash', async () => {
    const { stdout } = await shell('bash', ['-c', `${demo} count --lines 1 2>&-; ${demo} serv >&- 2>&-; echo $?`]);
    expect(stdout).toBe('line 0\n2\n');
  });

  it('C2: colour only where it is asked for', async () => {
    const asked = await runDemo(['--help', '--color=always']);
    expect(asked.stdout).toContain('\u001b[1m');
    const forced = { environment: { FORCE_COLOR: '1' } };
    expect((await runDemo(['--help'], forced)).stdout).toContain('\u001b[1m');
    expect((await runDemo(['--help', '--color', 'never'], forced)).stdout).not.toContain('\u001b');
  });
});

describe('signals', () => {
  it('O1: a server ends with 0 after its drain', async () => {
    const run = startDemo(['serve', '--json', '--drain', '200ms']);
    await run.spoke;
    run.child.kill('SIGTERM');
    const { code, stdout } = await run.result;
    expect(code).toBe(0);
    expect(jsonLines(stdout).at(-1)).toEqual({ event: 'closed' });
  });

  it('O1: the second signal ends at once', async () => {
    const run = startDemo(['serve', '--json', '--drain', '60']);
    await run.spoke;
    // Two signals that wait together are not taken in the order in which they were sent.
    const begun = new Promise<void>((resolve) => {
      let said = '';
      run.child.stderr?.on('data', (chunk: Buffer) => {
        said += chunk.toString();
        if (said.includes('shutting down')) resolve();
      });
    });
    run.child.kill('SIGTERM');
    await Promise.race([begun, run.result]);
    run.child.kill('SIGINT');
    const { code } = await run.result;
    expect(code).toBe(130);
  });

  it.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)('C3: finite work that is interrupted by %s exits %i', async (signal, expected) => {
    const run = startDemo(['work', '--json']);
    await run.spoke;
    run.child.kill(signal);
    const { code, stdout } = await run.result;
    expect(code).toBe(expected);
    expect(jsonLines(stdout).at(-1)).toMatchObject({ event: 'error', code: 'E_INTERRUPTED' });
  });
});

describe('completion', () => {
  it('bash: offers commands, flags of the command, and choices of a flag', async () => {
    const { stdout: script } = await runDemo(['completion', 'bash']);
    const ask = async (words: string): Promise<string[]> => {
      const typed = words.split(' ');
      const line = `${script}\nCOMP_WORDS=(${typed.map((word) => `'${word}'`).join(' ')}); COMP_CWORD=${typed.length - 1}
        _demo; printf '%s\\n' "\${COMPREPLY[@]}"`;
      const { stdout } = await promisify(execFile)('bash', ['-c', line]);
      return stdout.trim().split('\n');
    };
    expect(await ask('demo se')).toEqual(['serve']);
    expect(await ask('demo config va')).toEqual(['validate']);
    expect(await ask('demo serve --enr')).toEqual(['--enrolment']);
    expect(await ask('demo serve --enrolment t')).toEqual(['token']);
    expect(await ask('demo fail ')).toEqual(expect.arrayContaining(['config', 'bug']));
    expect(await ask('demo --json serve --po')).toEqual(['--port']);
  });
});
