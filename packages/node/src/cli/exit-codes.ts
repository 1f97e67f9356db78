/** The exit codes as --help lists them. */
import { EXIT } from '@sealane/shared/errors';

/** Code and meaning, in order; a test compares it with the table of errors. */
export const EXIT_CODES: readonly (readonly [code: number, meaning: string])[] = [
  [EXIT.ok, 'done'],
  [EXIT.failed, 'failed'],
  [EXIT.usage, 'wrong command line'],
  [EXIT.badData, 'bad data in a file or message'],
  [EXIT.unreachable, 'server unreachable, port busy'],
  [EXIT.storage, 'disk or store failed'],
  [EXIT.tryAgain, 'try again later, data directory in use'],
  [EXIT.protocol, 'protocol error'],
  [EXIT.denied, 'denied: identity changed, not enrolled, replaced'],
  [EXIT.environment, 'bad configuration, key file mode or Node.js version'],
  [EXIT.timeout, 'time is up'],
  [130, 'interrupted by SIGINT (143: by SIGTERM)'],
];
