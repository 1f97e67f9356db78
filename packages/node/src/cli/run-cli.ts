/**
 * Runs a program: parse the line, resolve settings, run the command, and turn whatever happens into the exit code and
 * the last words that the table of errors promises. In order: `runCli`, `runCommand`, `waitFor`, `conclude`.
 */
import type { Readable } from 'node:stream';
import { EXIT, ProtocolError, StorageError, TransportError } from '@sealane/shared/errors';
import { resolveSettings, type Declarations } from '../config/index.ts';
import { createLogger, isError, painter, type RootLogger } from '../log/index.ts';
import { builtinCommands } from './builtin-commands.ts';
import { settingsOfProgram, type CommandContext, type CommandLife, type ProgramDefinition } from './command.ts';
import { earlySettings } from './early-settings.ts';
import { failureOf, failureRecord, showFailure, type Failure } from './failure.ts';
import { globalSettings } from './global-settings.ts';
import { helpText } from './help.ts';
import { Output, type TerminalStream } from './output.ts';
import { parseCommandLine, type Invocation } from './parse.ts';
import { Shutdown, signalExit, type SignalSource } from './shutdown.ts';

/** What a program touches of the process around it. */
export interface CliProcess {
  /** Words after the program's name. */
  readonly words: readonly string[];
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  readonly stdin: Readable & { readonly isTTY?: boolean };
  readonly stdout: TerminalStream;
  readonly stderr: TerminalStream;
  readonly signals: SignalSource;
  /** Ends the process at once: for the second signal. */
  readonly exitNow: (code: number) => void;
  /** Told the log of the run, so that what nobody caught can be logged. */
  readonly onLog?: (log: RootLogger) => void;
  /** Time for an orderly end, in milliseconds. */
  readonly graceMs?: number;
}

/** Exit code of a program whose reader went away: 128 and the number of SIGPIPE. */
const EXIT_READER_GONE = 141;

/**
 * Runs the program once.
 *
 * @returns the exit code; everything printed and logged has been taken by the streams.
 */
export async function runCli(definition: ProgramDefinition, cli: CliProcess): Promise<number> {
  const program = { ...definition, commands: [...definition.commands, ...builtinCommands(definition)] };
  const early = earlySettings(program, cli);
  const paint = painter({ mode: early.color, environment: cli.environment, stream: cli.stdout });
  const output = new Output({
    stdout: cli.stdout,
    stderr: cli.stderr,
    json: early.json,
    quiet: false,
    paint,
    onStdoutFailed: () => undefined,
  });
  try {
    const globals = globalSettings(program.logLevel ?? 'info');
    const invocation = parseCommandLine({ program, globals, environment: cli.environment }, helpWords(cli.words));
    if (invocation.kind === 'run') return await runCommand(program, invocation, cli);
    const text =
      invocation.kind === 'version'
        ? `${program.version}\n`
        : helpText(invocation.topic, { columns: cli.stdout.columns, paint });
    await output.raw(text);
    return EXIT.ok;
  } catch (error) {
    return await fail(failureOf(error), program, { output, debug: early.debug, environment: cli.environment });
  }
}

/** `help send` is `send --help`. */
function helpWords(words: readonly string[]): readonly string[] {
  return words[0] === 'help' ? [...words.slice(1), '--help'] : words;
}

type Run = Extract<Invocation, { kind: 'run' }>;

type Outcome =
  | { readonly kind: 'returned'; readonly code: number }
  | { readonly kind: 'threw'; readonly error: unknown }
  | { readonly kind: 'abandoned' };

/** @throws ConfigError for wrong settings; what the command itself throws becomes its exit code here. */
async function runCommand(program: ProgramDefinition, run: Run, cli: CliProcess): Promise<number> {
  const { command } = run;
  const globals = globalSettings(program.logLevel ?? 'info');
  const { application } = program;
  const known = { ...settingsOfProgram(program), ...program.configSettings, ...globals };
  const resolveOptions = { application, environment: cli.environment, cwd: cli.cwd, flags: run.flags, known };
  const common = resolveSettings(globals, resolveOptions).values;
  const leaveSecrets = command.leavesSecrets === true;
  const own = resolveSettings(command.settings ?? {}, { ...resolveOptions, leaveSecrets });

  const { environment, stdout, stderr, signals, exitNow, graceMs } = cli;
  const log = createLogger({
    level: common.logLevel,
    stream: stderr,
    colour: common.color,
    environment,
    ...(common.json && { json: true }),
  });
  cli.onLog?.(log);
  const life = command.life ?? 'work';
  const shutdown = new Shutdown({ signals, exitNow, log, ...(graceMs !== undefined && { graceMs }) });
  const onStdoutFailed = (): void => {
    if (life !== 'server') shutdown.begin();
  };
  const paint = painter({ mode: common.color, environment, stream: cli.stdout });
  const output = new Output({ stdout, stderr, json: common.json, quiet: common.quiet, paint, onStdoutFailed });
  for (const { long } of run.exposed) {
    output.warn(`Warning: other users can see ${long} in the process list; use ${long}-file (E_USAGE).`);
  }
  const context: CommandContext<Declarations> = {
    settings: own.values,
    origins: own.origins,
    arguments: run.arguments,
    globals: common,
    output,
    log,
    shutdown,
    environment,
    cwd: cli.cwd,
    get stdin() {
      return cli.stdin;
    },
    resolveOptions,
    program,
  };
  try {
    const outcome = await waitFor(async () => (await command.run?.(context)) ?? EXIT.ok, shutdown);
    const code = await conclude(outcome, life, program, { output, shutdown, debug: common.debug, environment, log });
    await Promise.all([output.flush(), log.flush()]);
    return code;
  } finally {
    shutdown.dispose();
  }
}

/** Runs the work and its end: returns when both are done, or the time for the end is up. */
async function waitFor(work: () => Promise<number>, shutdown: Shutdown): Promise<Outcome> {
  const settled = work().then(
    (code): Outcome => ({ kind: 'returned', code }),
    (error: unknown): Outcome => ({ kind: 'threw', error }),
  );
  const abandoned = shutdown.whenBegun
    .then(() => (shutdown.awaited ? shutdown.whenTimeIsUp : undefined))
    .then((): Outcome => ({ kind: 'abandoned' }));
  const outcome = await Promise.race([settled, abandoned]);
  shutdown.begin();
  await Promise.race([shutdown.whenTasksDone, shutdown.whenTimeIsUp]);
  return outcome;
}

interface Ending {
  readonly output: Output;
  readonly shutdown: Shutdown;
  readonly debug: boolean;
  readonly environment: CliProcess['environment'];
  readonly log: RootLogger;
}

/** The exit code of an outcome, with the words that belong to it. */
async function conclude(
  outcome: Outcome,
  life: CommandLife,
  program: ProgramDefinition,
  ending: Ending,
): Promise<number> {
  const { output, shutdown } = ending;
  const { endSignal } = shutdown;
  if (output.failed !== undefined && life !== 'server') {
    const readerGone = 'code' in output.failed && output.failed.code === 'EPIPE';
    if (readerGone) return life === 'work' ? EXIT_READER_GONE : EXIT.ok;
    const error = new StorageError('E_STORAGE', 'The output could not be written', { cause: output.failed });
    return await fail(failureOf(error), program, ending);
  }
  if (endSignal !== undefined && life === 'work') {
    const interrupted = failureOf(new TransportError('E_INTERRUPTED', `Interrupted by ${endSignal}`));
    return await fail({ ...interrupted, exit: signalExit(endSignal) }, program, ending);
  }
  if (outcome.kind === 'threw' && !(endSignal !== undefined && isAbort(outcome.error))) {
    return await fail(failureOf(outcome.error), program, ending);
  }
  if (outcome.kind === 'abandoned' && shutdown.awaited) {
    ending.log.error('the orderly end took too long');
    return EXIT.failed;
  }
  return outcome.kind === 'returned' ? outcome.code : EXIT.ok;
}

function isAbort(error: unknown): boolean {
  if (error instanceof ProtocolError) return error.code === 'E_CANCELLED';
  return isError(error) && error.name === 'AbortError';
}

/** Says why: as the last line of stdout with --json, in four parts on stderr otherwise. */
async function fail(
  failure: Failure,
  program: ProgramDefinition,
  { output, debug, environment }: Pick<Ending, 'output' | 'debug' | 'environment'>,
): Promise<number> {
  const paint = painter({ mode: 'auto', environment, stream: output.stderr });
  if (output.json) await output.emit(failureRecord(failure));
  if (!output.json || debug) output.warn(showFailure(failure, program.name, { paint, debug }));
  return failure.exit;
}
