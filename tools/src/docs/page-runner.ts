/**
 * Runs what a page tells its reader to run: files are written, commands executed one after the other in a fresh folder
 * with a fresh home, what runs on is started in the background and interrupted at the end.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { codeBlocks, commandLines, comparableOutput, filledIn, type CodeBlock } from './code-blocks.ts';

/** Longest time for one command. */
const COMMAND_TIMEOUT_MS = 90_000;

/** Longest time until a command that runs on says that it is ready. */
const READY_TIMEOUT_MS = 40_000;

/** What such a command prints when it is ready. */
const READY = /listening|Sealane server on|Ready to accept connections|Enter this at another device/;

/** Has the server of a data directory end. */
const DRAIN = /^sealane-server drain --data-dir (\S+)$/;

/** Time to end after Ctrl-C. */
const END_TIMEOUT_MS = 10_000;

/** What `npx` finds in the workspace. */
const PROGRAMS = ['sealane-server', 'sealane-agent'] as const;

/** How one command ended. */
export interface CommandResult {
  readonly command: string;
  readonly line: number;
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** What a page's run showed. */
export interface PageResult {
  readonly commands: readonly CommandResult[];
  /** Exit codes of what ran on, after Ctrl-C. */
  readonly ended: readonly CommandResult[];
  /** Output blocks of the page whose lines did not appear: page line and text. */
  readonly missingOutput: readonly string[];
}

interface RunningCommand {
  readonly child: ChildProcess;
  readonly command: string;
  readonly line: number;
  readonly output: { stdout: string; stderr: string };
}

/** How a page is run. */
export interface PageOptions {
  /** The workspace. */
  readonly root: string;
  /** Whether `npx` finds the programs of the workspace, the first time that each is named, and starts their sources. */
  readonly usesNpx: boolean;
}

/** Runs the page in a folder of its own, where `packages` is that of the workspace. */
export async function runPage(markdown: string, { root, usesNpx }: PageOptions): Promise<PageResult> {
  mkdirSync(join(root, 'tmp'), { recursive: true });
  const folder = mkdtempSync(join(root, 'tmp', 'docs-'));
  symlinkSync(join(root, 'packages'), join(folder, 'packages'));
  const runner = new PageRunner(root, folder, usesNpx ? [] : PROGRAMS);
  try {
    for (const block of codeBlocks(markdown)) await runner.take(block);
    return { commands: runner.commands, ended: await runner.end(), missingOutput: runner.missingOutput };
  } finally {
    await runner.end();
    rmSync(folder, { recursive: true, force: true });
  }
}

class PageRunner {
  readonly commands: CommandResult[] = [];
  readonly missingOutput: string[] = [];
  readonly #root: string;
  readonly #folder: string;
  /** Programs that `npx` need not find any more. */
  readonly #found: Set<string>;
  readonly #running: RunningCommand[] = [];

  constructor(root: string, folder: string, found: readonly string[]) {
    this.#root = root;
    this.#folder = folder;
    this.#found = new Set(found);
  }

  async take(block: CodeBlock): Promise<void> {
    if (block.title !== undefined) {
      const path = join(this.#folder, block.title);
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, block.text);
    } else if (block.language === 'sh') await this.#runBlock(block);
    else if (block.language === 'text') this.#compare(block);
  }

  /** Interrupts what runs on, the last first, and waits for its end. What was drained ends by itself. */
  async end(): Promise<CommandResult[]> {
    const ended: CommandResult[] = [];
    for (const running of this.#running.splice(0).reverse())
      ended.push(await (this.#isDrained(running) ? untilExit(running, END_TIMEOUT_MS) : interrupt(running)));
    return ended;
  }

  async #runBlock(block: CodeBlock): Promise<void> {
    for (const { command, runsOn } of commandLines(block.text)) {
      const running = this.#start(this.#asRun(command), block.line);
      if (runsOn) {
        this.#running.push(running);
        await untilReady(running);
      } else this.commands.push(await untilExit(running, COMMAND_TIMEOUT_MS));
    }
  }

  /** Built programs are in the PATH: with `npx`, from their sources, each takes a second more. */
  #asRun(command: string): string {
    const filled = filledIn(command, this.#printed());
    const program = PROGRAMS.find((name) => filled.startsWith(`npx ${name} `));
    if (program === undefined) return filled;
    const isFound = this.#found.has(program);
    this.#found.add(program);
    return isFound ? filled.replace('npx ', '') : filled;
  }

  #isDrained({ command }: RunningCommand): boolean {
    const drained = this.commands.map((done) => DRAIN.exec(done.command)?.[1]);
    return drained.some((directory) => directory !== undefined && `${command} `.includes(` --data-dir ${directory} `));
  }

  #printed(): string {
    const done = this.commands.map(({ stdout }) => stdout);
    return [...done, ...this.#running.map(({ output }) => output.stdout)].join('\n');
  }

  /** Each line of an output block stands in what the commands before it printed, but for what changes every time. */
  #compare(block: CodeBlock): void {
    const printed = new Set(this.commands.flatMap(({ stdout }) => stdout.split('\n')).map(comparableOutput));
    const missing = block.text.split('\n').filter((line) => !printed.has(comparableOutput(line)));
    this.missingOutput.push(...missing.map((line) => `line ${block.line}: ${line}`));
  }

  #start(command: string, line: number): RunningCommand {
    const home = join(this.#folder, '.home');
    const child = spawn('sh', ['-c', `exec ${command}`.replace(/^exec (.*[|;>].*)$/, '$1')], {
      cwd: this.#folder,
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        ...process.env,
        HOME: home,
        XDG_DATA_HOME: join(home, 'data'),
        XDG_CONFIG_HOME: join(home, 'config'),
        NODE_OPTIONS: '--conditions=@sealane/source',
        PATH: [...builtPrograms(), join(this.#root, 'node_modules', '.bin'), process.env['PATH'] ?? ''].join(':'),
        NO_COLOR: '1',
        FORCE_COLOR: undefined,
      },
    });
    const output = { stdout: '', stderr: '' };
    child.stdout.on('data', (chunk: Buffer) => (output.stdout += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (output.stderr += chunk.toString()));
    return { child, command, line, output };
  }
}

/** The folder of the commands as tests have them built; see tools/src/build/test-programs.ts. */
function builtPrograms(): readonly string[] {
  const programs = process.env['TEST_PROGRAMS'];
  return programs === undefined ? [] : [join(programs, 'bin')];
}

function untilExit(running: RunningCommand, timeoutMs: number): Promise<CommandResult> {
  const { child, command, line, output } = running;
  return new Promise((resolve) => {
    const timer = setTimeout(() => signalGroup(child, 'SIGKILL'), timeoutMs);
    const finish = (exitCode: number | null): void => {
      clearTimeout(timer);
      resolve({ command, line, exitCode, ...output });
    };
    if (child.exitCode !== null) finish(child.exitCode);
    else child.once('close', finish);
  });
}

function untilReady(running: RunningCommand): Promise<void> {
  const { child, command, output } = running;
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      reject(new Error(`not ready in time: ${command}\n${output.stdout}${output.stderr}`));
    }, READY_TIMEOUT_MS);
    const look = (): void => {
      if (!READY.test(output.stdout + output.stderr)) return;
      clearTimeout(timer);
      resolve();
    };
    child.stdout?.on('data', look);
    child.stderr?.on('data', look);
    child.once('exit', (code) => {
      clearTimeout(timer);
      reject(new Error(`ended with ${String(code)}: ${command}\n${output.stdout}${output.stderr}`));
    });
  });
}

/**
 * Ctrl-C, as a terminal sends it: to the whole group. `npx` then ends by the same signal, which counts as 0 where the
 * whole group is gone, and so does the program under it.
 */
async function interrupt(running: RunningCommand): Promise<CommandResult> {
  const { child } = running;
  child.removeAllListeners('exit');
  signalGroup(child, 'SIGINT');
  const result = await untilExit(running, END_TIMEOUT_MS);
  const endedBySignal = result.exitCode === null && child.signalCode === 'SIGINT';
  return endedBySignal && (await isGroupGone(child)) ? { ...result, exitCode: 0 } : result;
}

/** Whether every process of the group ends in time. */
async function isGroupGone(child: ChildProcess): Promise<boolean> {
  const deadline = Date.now() + END_TIMEOUT_MS;
  while (child.pid !== undefined && Date.now() < deadline) {
    try {
      process.kill(-child.pid, 0);
    } catch {
      return true;
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return false;
}

function signalGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.pid === undefined || child.exitCode !== null) return;
  try {
    process.kill(-child.pid, signal);
  } catch {
    // It has just ended.
  }
}
