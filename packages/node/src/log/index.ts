/** Logs: levelled, redacted, rate-limited lines on stderr, and the decision about colour. */
export { painter, wantsColour } from './colour.ts';
export type { ColourContext, ColourMode, Format, Paint } from './colour.ts';
export { isError } from './is-error.ts';
export { LOG_LEVEL_SETTINGS, LOG_LEVELS, createLogger, silentLogger } from './logger.ts';
export type { Logger, LoggerOptions, LogLevel, LogLevelSetting, RootLogger } from './logger.ts';
export { redact } from './redact.ts';
export type { Fields } from './redact.ts';
