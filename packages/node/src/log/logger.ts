/**
 * The log: one line a message on stderr, human on a terminal, JSON elsewhere. Message texts are constants of the
 * program and what varies stands in fields, so that fields can be redacted and floods counted per text.
 */
import type { Writable } from 'node:stream';
import { painter, type ColourMode, type Format, type Paint } from './colour.ts';
import { LogRate } from './log-rate.ts';
import { LogWriter, type Line } from './log-writer.ts';
import { logText, redact, type Fields } from './redact.ts';

/** Levels, the most important first. */
export const LOG_LEVELS = ['error', 'warn', 'info', 'debug'] as const;
/** Level of a line. */
export type LogLevel = (typeof LOG_LEVELS)[number];
/** Values of --log-level. */
export const LOG_LEVEL_SETTINGS = ['silent', ...LOG_LEVELS] as const;
/** Least important level that is written; `silent` writes nothing. */
export type LogLevelSetting = (typeof LOG_LEVEL_SETTINGS)[number];

/** What every layer writes to. None of the methods throws or waits. */
export interface Logger {
  error(message: string, fields?: Fields): void;
  warn(message: string, fields?: Fields): void;
  info(message: string, fields?: Fields): void;
  debug(message: string, fields?: Fields): void;
  /** The same log with `fields` on every line. */
  child(fields: Fields): Logger;
}

/** The log of a process: whoever creates it may change its level and waits for it before the exit. */
export interface RootLogger extends Logger {
  setLevel(level: LogLevelSetting): void;
  /** Resolves when what was logged has been taken by the stream. */
  flush(): Promise<void>;
  /** Writes what waits for the last moment synchronously through `write`; for the exit handler of a process. */
  drainInto(write: (text: string) => void): void;
}

/** Settings of a log. */
export interface LoggerOptions {
  readonly level: LogLevelSetting;
  /** JSON lines; without it, JSON where the stream is no terminal. */
  readonly json?: boolean | undefined;
  readonly stream: Writable & { readonly isTTY?: boolean | undefined };
  readonly colour?: ColourMode;
  readonly environment?: Readonly<Record<string, string | undefined>>;
  /** Lines of one message text in a second; the rest is counted and told with the next line of that text. */
  readonly perSecondMax?: number;
  /** Wall clock in milliseconds, for display only. */
  readonly wallClock?: () => number;
  /** Monotonic milliseconds, for the rate. */
  readonly monotonicClock?: () => number;
}

const PER_SECOND_DEFAULT = 20;
/** In a flood, how long until the count of what was left out is told. */
const SUPPRESSED_REPORT_MS = 5_000;
const RANKS: Readonly<Record<LogLevel, number>> = { error: 0, warn: 1, info: 2, debug: 3 };
const COLOURS: Readonly<Record<LogLevel, Format>> = { error: 'red', warn: 'yellow', info: 'cyan', debug: 'dim' };

/**
 * Creates the log of a process.
 *
 * @example
 * const log = createLogger({ level: 'info', stream: process.stderr });
 * log.info('agent connected', { agent: id, fingerprint });
 */
export function createLogger(options: LoggerOptions): RootLogger {
  const wallClock = options.wallClock ?? Date.now;
  const rate = new LogRate(
    options.perSecondMax ?? PER_SECOND_DEFAULT,
    options.monotonicClock ?? performance.now.bind(performance),
  );
  const writer = new LogWriter(options.stream, RANKS);
  const json = options.json ?? options.stream.isTTY !== true;
  const paint = painter({
    mode: options.colour ?? 'auto',
    environment: options.environment ?? {},
    stream: options.stream,
  });
  let rank = rankOf(options.level);
  let reportTimer: NodeJS.Timeout | undefined;

  const write = (level: LogLevel, message: string, fields: Fields): void => {
    if (RANKS[level] > rank) return;
    const { write: allowed, suppressed } = rate.decide(message);
    if (!allowed) {
      reportTimer ??= setTimeout(reportSuppressed, SUPPRESSED_REPORT_MS).unref();
      return;
    }
    const all = suppressed === 0 ? fields : { ...fields, suppressed };
    writer.write(line(level, message, all));
  };
  const line = (level: LogLevel, message: string, fields: Fields): Line => {
    const time = new Date(wallClock()).toISOString();
    const safe = safely(fields);
    const text = json ? jsonLine(time, level, message, safe) : humanLine(time, level, message, safe, paint);
    return { level, text };
  };
  const reportSuppressed = (): void => {
    reportTimer = undefined;
    for (const [message, suppressed] of rate.takeSuppressed()) {
      if (rank >= RANKS.warn) writer.write(line('warn', 'log messages suppressed', { text: message, suppressed }));
    }
  };
  return {
    ...loggerOver(write, {}),
    setLevel: (level) => (rank = rankOf(level)),
    async flush() {
      clearTimeout(reportTimer);
      reportSuppressed();
      await writer.flush();
    },
    drainInto(sink) {
      for (const { text } of writer.takeQueued()) sink(`${text}\n`);
    },
  };
}

/** A log that keeps nothing. */
export const silentLogger: Logger = loggerOver(() => undefined, {});

type Write = (level: LogLevel, message: string, fields: Fields) => void;

function loggerOver(write: Write, common: Fields): Logger {
  const at = (level: LogLevel) => (message: string, fields?: Fields) =>
    write(level, message, fields === undefined ? common : { ...common, ...fields });
  return {
    error: at('error'),
    warn: at('warn'),
    info: at('info'),
    debug: at('debug'),
    child: (fields) => loggerOver(write, { ...common, ...fields }),
  };
}

/** A field with a getter that throws must not end the program that logs it. */
function safely(fields: Fields): Record<string, unknown> {
  try {
    return redact(fields);
  } catch {
    return { fields: '<not loggable>' };
  }
}

/** What every line has comes first, and no field of the same name takes its place. */
function jsonLine(time: string, level: LogLevel, message: string, fields: Record<string, unknown>): string {
  const head = { time, level, message: logText(message) };
  return JSON.stringify({ ...head, ...fields, ...head });
}

function humanLine(
  time: string,
  level: LogLevel,
  message: string,
  fields: Record<string, unknown>,
  paint: Paint,
): string {
  const shown = Object.entries(fields).map(([key, value]) => paint('dim', `${key}=`) + humanValue(value));
  const head = `${paint('dim', time.slice(11, 23))} ${paint(COLOURS[level], level.padEnd(5))} ${logText(message)}`;
  return [head, ...shown].join(' ');
}

function humanValue(value: unknown): string {
  if (typeof value === 'string') return /^[^\s"=]+$/.test(value) ? value : JSON.stringify(value);
  // `redact` left nothing that JSON cannot show.
  return JSON.stringify(value);
}

function rankOf(level: LogLevelSetting): number {
  return level === 'silent' ? -1 : RANKS[level];
}
