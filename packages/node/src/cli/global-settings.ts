/** The flags that every command has. */
import { oneOf, path, setting, toggle } from '../config/index.ts';
import type { LogLevelSetting } from '../log/index.ts';

/** Declares them; only the default of --log-level differs between programs. */
export function globalSettings(logLevel: LogLevelSetting) {
  return {
    json: setting(toggle(), { help: 'Print JSON lines on stdout.', default: false }),
    quiet: setting(toggle(), { help: 'Print no notes and no progress.', default: false }),
    progress: setting(toggle(), { help: 'Show the progress of long work.', default: true }),
    'log-level': setting(oneOf(['silent', 'error', 'warn', 'info', 'debug']), {
      help: 'How much is logged on stderr.',
      default: logLevel,
      reloadable: true,
    }),
    color: setting(oneOf(['auto', 'always', 'never']), { help: 'When to colour.', default: 'auto' }),
    debug: setting(toggle(), { help: 'Show the stack of an error.', default: false }),
    config: setting(path(), { help: 'Configuration file (JSON).' }),
  };
}

export type GlobalSettings = ReturnType<typeof globalSettings>;
