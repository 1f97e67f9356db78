/** Decoders of settings and of the command line: what users write. */
import { deepStrictEqual } from 'node:assert/strict';
import { utf8Encode } from '@sealane/shared/bytes';
import { outcomeOf, type FuzzDecoder } from '@sealane/shared/testing';
import type { ProgramDefinition } from '../../src/cli/command.ts';
import { globalSettings } from '../../src/cli/global-settings.ts';
import { parseCommandLine } from '../../src/cli/parse.ts';
import {
  address,
  byteCount,
  durationMs,
  fingerprint,
  integer,
  oneOf,
  parseAddress,
  path,
  port,
  resolveSettings,
  setting,
  showAddress,
  text,
  toggle,
} from '../../src/config/index.ts';
import { Scratch } from '../../src/testing/scratch.ts';

const BYTES_MAX = 2 ** 40;
const DAY_MS = 86_400_000;

const SETTINGS = {
  host: setting(text(), { help: 'A text.', default: '::' }),
  port: setting(port(), { help: 'A port.', default: 1337 }),
  'data-dir': setting(path(), { help: 'A path.' }),
  drain: setting(durationMs({ plainUnit: 's', maxMs: DAY_MS }), { help: 'A duration.', default: 0 }),
  'queue-bytes-max': setting(byteCount({ max: BYTES_MAX }), { help: 'A size.', default: 1 }),
  count: setting(integer({ min: -5, max: 9 }), { help: 'A number.', default: 0 }),
  enrolment: setting(oneOf(['token', 'open']), { help: 'A word.', default: 'open' }),
  server: setting(address({ defaultPort: 1337 }), { help: 'An address.' }),
  'server-key': setting(fingerprint(), { help: 'A key.' }),
  admin: setting(toggle(), { help: 'A switch.', default: false }),
  token: setting(text(), { help: 'A secret.', secret: true, secretAsArgument: true }),
};
const FILE = {
  ...{ host: '0.0.0.0', port: 1, 'data-dir': './data', drain: '1.5h', 'queue-bytes-max': '64KiB', count: -1 },
  ...{ enrolment: 'token', server: '[::1]:7', admin: true, token: 'secret', $schema: './schema.json' },
};

const scratch = new Scratch();
const lines = (...all: readonly string[]): readonly Uint8Array[] => all.map(utf8Encode);
const textOf = (input: Uint8Array): string => Buffer.from(input).toString('utf8');
const close = (): void => scratch.remove();

/** Settings in range, whatever they were read from. */
function checkValues({ values }: ReturnType<typeof resolveSettings<typeof SETTINGS>>): void {
  const { port: portNumber, drain, queueBytesMax, count } = values;
  for (const [value, min, max] of [
    [portNumber, 0, 65_535],
    [drain, 0, DAY_MS],
    [queueBytesMax, 0, BYTES_MAX],
    [count, -5, 9],
  ] as const) {
    if (!(Number.isSafeInteger(value) && value >= min && value <= max)) throw new Error(`${value} is out of range`);
  }
}

const configFile: FuzzDecoder = {
  name: 'config-file',
  seeds: () => [
    utf8Encode(JSON.stringify(FILE, undefined, 2)),
    ...lines('{}', '[]', '\ufeff{"port": 0}', '{"prot": 1}', '{"port": "80", "admin": "1"}', '{"token-file": "x"}'),
  ],
  decode(input) {
    const file = scratch.file('config.json', input);
    const from = { application: 'server', environment: {}, cwd: scratch.folder, configFile: file } as const;
    return outcomeOf(() => checkValues(resolveSettings(SETTINGS, from)), ['E_CONFIG']);
  },
  close,
};

const environmentFile: FuzzDecoder = {
  name: 'environment-file',
  seeds: () =>
    lines(
      'SEALANE_PORT=7\nSEALANE_DRAIN="2 m"\n# x\nOTHER=1\n',
      'SEALANE_PROT=7\n',
      "SEALANE_TOKEN='a\nb'\nSEALANE_ADMIN=true",
    ),
  decode(input) {
    scratch.file('.env', input);
    const from = { application: 'server', environment: {}, cwd: scratch.folder, configFile: empty() } as const;
    return outcomeOf(() => checkValues(resolveSettings(SETTINGS, from)), ['E_CONFIG']);
  },
  close,
};

const empty = (): string => scratch.file('empty.json', utf8Encode('{}'));

/** One flag for each line: `name value`. */
const flagValues: FuzzDecoder = {
  name: 'flag-values',
  seeds: () =>
    lines(
      'drain 90s\nqueueBytesMax 10MB',
      'drain 1.5h\ncount -3',
      'drain 99999d',
      'queueBytesMax 1e3',
      'port 65536\nserver a:0',
    ),
  decode(input) {
    const flags = Object.fromEntries(
      textOf(input)
        .split('\n')
        .map((line) => [line.split(' ', 1)[0] ?? '', line.slice(line.indexOf(' ') + 1)]),
    );
    const from = { application: 'server', environment: {}, cwd: scratch.folder, configFile: empty(), flags } as const;
    return outcomeOf(() => checkValues(resolveSettings(SETTINGS, from)), ['E_USAGE', 'E_CONFIG']);
  },
  close,
};

const run = (): Promise<void> => Promise.resolve();
const program: ProgramDefinition = {
  name: 'demo',
  version: '1',
  summary: 'Demo.',
  application: 'server',
  commands: [
    { name: 'serve', summary: 'Serve.', settings: SETTINGS, run },
    {
      name: 'send',
      summary: 'Send.',
      run,
      arguments: [
        { name: 'kind', help: 'Kind.', choices: ['one', 'two'] },
        { name: 'words', help: 'Words.', variadic: true },
      ],
    },
    { name: 'key', summary: 'Keys.', commands: [{ name: 'rotate', summary: 'Rotate.', run }] },
  ],
};

/** One word for each line. */
const commandLine: FuzzDecoder = {
  name: 'command-line',
  seeds: () =>
    lines(
      'serve\n--port\n7\n--json',
      'serve\n--drain=3s\n--no-admin',
      'send\none\na\nb',
      'send\nthree',
      'key\nrotate\n--help',
      'kye\nrotate',
      '--version',
      'serve\n--prot=secret',
      'serve\n--port',
      'serve\n--token\nx',
      '',
    ),
  decode(input) {
    const words = textOf(input).split('\n');
    let kind = '';
    const code = outcomeOf(() => {
      ({ kind } = parseCommandLine({ program, globals: globalSettings('info'), environment: {} }, words));
    }, ['E_USAGE']);
    return `${code} ${kind}`;
  },
};

/** An address that is read has one form, and that form is read as the same. */
const addresses: FuzzDecoder = {
  name: 'addresses',
  seeds: () =>
    lines('server.example:1337', '[::1]:7', '10.0.0.1', '[::1', 'a:b:c', ':7', 'x:65536', '[fe80::1%eth0]:1'),
  decode(input) {
    const read = parseAddress(textOf(input), 1337);
    if (read === undefined) return 'none';
    deepStrictEqual(parseAddress(showAddress(read)), read);
    return 'ok';
  },
};

export const SETTING_DECODERS: readonly FuzzDecoder[] = [
  ...[configFile, environmentFile, flagValues, commandLine, addresses],
];
