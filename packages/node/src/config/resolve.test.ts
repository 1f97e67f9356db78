import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdtempSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ConfigError } from '@sealane/shared/errors';
import {
  address,
  byteCount,
  durationMs,
  dataDirectoryFlag,
  explanationOf,
  host,
  integer,
  oneOf,
  path,
  port,
  privateText,
  reloadSettings,
  resolveSettings,
  setting,
  settingRows,
  settingsJsonSchema,
  text,
  toggle,
  type SettingType,
} from './index.ts';
import * as z from 'zod/mini';

const settings = {
  host: setting(text(), { help: 'Host.', default: '0.0.0.0' }),
  port: setting(port(), { help: 'Port.', default: 1337 }),
  enrolment: setting(oneOf(['loopback', 'token', 'open', 'closed']), { help: 'Who.', default: 'loopback' }),
  'data-dir': setting(path(), { help: 'Where.' }),
  'log-level': setting(oneOf(['info', 'debug']), { help: 'How much.', default: 'info', reloadable: true }),
  token: setting(text(), { help: 'Secret.', secret: true, secretAsArgument: true }),
  verbose: setting(toggle(), { help: 'More.', default: false }),
  config: setting(path(), { help: 'File.' }),
  store: setting(privateText({ pattern: /^x:/, expects: 'x:ANY', placeholder: '<x>' }), { help: 'Where.' }),
};

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'sealane-config-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const write = (name: string, content: unknown): string => {
  const file = join(directory, name);
  writeFileSync(file, typeof content === 'string' ? content : JSON.stringify(content));
  return file;
};

const resolve = (options: {
  flags?: Record<string, unknown>;
  environment?: Record<string, string>;
  application?: 'server' | 'agent';
}) =>
  resolveSettings(settings, {
    application: options.application ?? 'server',
    environment: { XDG_CONFIG_HOME: directory, ...options.environment },
    cwd: directory,
    ...(options.flags && { flags: options.flags }),
  });

const failure = (run: () => unknown): { code: string; message: string; next: string | undefined } => {
  try {
    run();
  } catch (error) {
    if (error instanceof ConfigError)
      return { code: error.code, message: error.message, next: explanationOf(error).next };
    throw error;
  }
  throw new Error('nothing was thrown');
};

describe('precedence', () => {
  it('C5: flags beat environment beat .env beat the file beat defaults, and each value names its origin', () => {
    mkdirSync(join(directory, 'sealane'));
    const file = write('sealane/server.json', { port: 1, host: 'file', enrolment: 'open', 'log-level': 'debug' });
    write('.env', 'SEALANE_PORT=2\nSEALANE_HOST=dotenv\nSEALANE_ENROLMENT=token\nNX_DAEMON=false\n');
    const environment = { SEALANE_PORT: '3', SEALANE_HOST: 'environment' };
    const { values, origins } = resolve({ flags: { port: '4' }, environment });
    expect(values).toMatchObject({
      port: 4,
      host: 'environment',
      enrolment: 'token',
      logLevel: 'debug',
      verbose: false,
    });
    expect(origins.port).toEqual({ layer: 'flag', detail: '--port' });
    expect(origins.host).toEqual({ layer: 'environment', detail: 'SEALANE_HOST' });
    expect(origins.enrolment.layer).toBe('.env');
    expect(origins['log-level']).toEqual({ layer: 'file', detail: `${file} "log-level"` });
    expect(origins.verbose.layer).toBe('default');
  });

  it('C5: .env is not read in production', () => {
    write('.env', 'SEALANE_PORT=2\n');
    expect(resolve({}).values.port).toBe(2);
    expect(resolve({ environment: { NODE_ENV: 'production' } }).values.port).toBe(1337);
  });

  it('C5: relative paths count from the working directory, in a file from the file', () => {
    mkdirSync(join(directory, 'etc'));
    const config = write('etc/server.json', { 'data-dir': 'data' });
    expect(resolve({ flags: { dataDir: 'data' } }).values.dataDir).toBe(join(directory, 'data'));
    expect(resolve({ flags: { config } }).values.dataDir).toBe(join(directory, 'etc', 'data'));
  });

  it('C5: an agent and a server in one environment do not confuse each other', () => {
    const environment = { SEALANE_AGENT_PORT: '5', SEALANE_PORT: '6', SEALANE_AGENT_WHATEVER: '1' };
    expect(resolve({ environment }).values.port).toBe(6);
    expect(failure(() => resolve({ environment, application: 'agent' })).message).toContain('SEALANE_AGENT_WHATEVER');
  });
});

describe('mistakes', () => {
  it('C5: a wrong flag is a usage error, a wrong variable a configuration error; both name what is expected', () => {
    expect(failure(() => resolve({ flags: { port: '70000' } }))).toMatchObject({
      code: 'E_USAGE',
      message: '--port: expected a port from 0 to 65535, got "70000"',
    });
    expect(failure(() => resolve({ environment: { SEALANE_PORT: '1e3' } })).code).toBe('E_CONFIG');
  });

  it('C5: a wrong value that may hold a password is not repeated', () => {
    const { message } = failure(() => resolve({ flags: { store: 'y://user:secret@host' } }));
    expect(message).toBe('--store: expected x:ANY');
    expect(resolve({ flags: { store: 'x:1' } }).values.store).toBe('x:1');
  });

  it('C5: unknown keys are errors with a suggestion, in every place', () => {
    expect(failure(() => resolve({ environment: { SEALANE_PROT: '1' } })).next).toBe('Did you mean SEALANE_PORT?');
    const bogus = failure(() => resolve({ environment: { SEALANE_AGENT_BOGUS: '1' }, application: 'agent' }));
    expect(bogus.next).toBe('Remove it, or see --help for the settings.');
    write('.env', 'SEALANE_HOTS=x\n');
    expect(failure(() => resolve({})).next).toBe('Did you mean SEALANE_HOST?');
    rmSync(join(directory, '.env'));
    const config = write('c.json', '{"data_dir":"x","__proto__":{"port":1}}');
    expect(failure(() => resolve({ flags: { config } })).next).toBe('Did you mean data-dir?');
  });

  it.each([
    ['not JSON', '{"token": "hunter2', /is not valid JSON/],
    ['a list', '[]', /must hold one JSON object/],
    ['empty', '', /is not valid JSON/],
    ['not UTF-8', Buffer.from([0xff, 0xfe, 0x00]), /not UTF-8/],
    ['huge', `"${'x'.repeat(1_100_000)}"`, /larger than/],
  ])('D12: a config file that is %s is a named error with its path', (_name, content, expected) => {
    const config = join(directory, 'c.json');
    writeFileSync(config, content);
    const { code, message } = failure(() => resolve({ flags: { config } }));
    expect(code).toBe('E_CONFIG');
    expect(message).toMatch(expected);
    expect(message).toContain(config);
    expect(message).not.toContain('hunter2');
  });

  it('D12: a config file that was named and is missing is an error, the default one is not', () => {
    expect(failure(() => resolve({ flags: { config: 'nowhere.json' } })).message).toContain('there is no such file');
    expect(resolve({}).values.port).toBe(1337);
  });
});

describe('secrets', () => {
  it('A12: come from files and credentials, and are never shown or quoted', () => {
    const file = write('token', 'canary-7f3a\n');
    const byVariable = resolve({ environment: { SEALANE_TOKEN_FILE: file } });
    expect(byVariable.values.token).toBe('canary-7f3a');
    expect(resolve({ flags: { tokenFile: 'token' } }).values.token).toBe('canary-7f3a');
    expect(resolve({ environment: { CREDENTIALS_DIRECTORY: directory } }).origins.token.layer).toBe('credential');
    expect(JSON.stringify(settingRows(settings, byVariable))).not.toContain('canary');
    expect(settingRows(settings, byVariable)).toContainEqual(
      expect.objectContaining({ name: 'token', value: '[redacted]' }),
    );
    const tooLong = failure(() => resolve({ flags: { token: 'canary'.repeat(1_000) } }));
    expect(tooLong.message).not.toContain('canary');
  });

  it('C5: a secret given twice in one place is an error, of the usage where they are flags', () => {
    const environment = { SEALANE_TOKEN: 'x', SEALANE_TOKEN_FILE: 'y' };
    expect(failure(() => resolve({ environment }))).toMatchObject({
      code: 'E_CONFIG',
      message: 'SEALANE_TOKEN and SEALANE_TOKEN_FILE are both given',
    });
    expect(failure(() => resolve({ flags: { token: 'x', tokenFile: 'y' } })).code).toBe('E_USAGE');
  });

  it('C5: the file of a secret is read where its value counts, and is named by what names it', () => {
    const file = write('token', 'canary-7f3a\n');
    mkdirSync(join(directory, 'credentials', 'token'), { recursive: true });
    const environment = {
      SEALANE_TOKEN_FILE: '/nonexistent/token',
      CREDENTIALS_DIRECTORY: join(directory, 'credentials'),
    };
    expect(resolve({ flags: { tokenFile: file }, environment }).values.token).toBe('canary-7f3a');
    const { token, ...others } = settings;
    const options = { application: 'server', environment, cwd: directory, known: { token } } as const;
    expect(resolveSettings(others, options).values.port).toBe(1337);
    expect(failure(() => resolve({ environment }))).toMatchObject({
      code: 'E_CONFIG',
      message: 'SEALANE_TOKEN_FILE: cannot read /nonexistent/token: there is no such file',
    });
    const { CREDENTIALS_DIRECTORY } = environment;
    expect(failure(() => resolve({ environment: { CREDENTIALS_DIRECTORY } })).message).toContain('it is a directory');
    const shown = resolveSettings(settings, { ...options, leaveSecrets: true });
    expect(settingRows(settings, shown)).toContainEqual({
      name: 'token',
      value: '[redacted]',
      origin: 'environment',
      detail: 'SEALANE_TOKEN_FILE',
    });
  });
});

describe('default paths', () => {
  it('C5: a command that is shown names the data directory where it is another one, quoted', () => {
    const context = { application: 'server', environment: { XDG_DATA_HOME: '/data' } } as const;
    expect(dataDirectoryFlag('/data/sealane/server', context)).toBe('');
    expect(dataDirectoryFlag('/srv/mine', context)).toBe(' --data-dir /srv/mine');
    expect(dataDirectoryFlag("/srv/it's mine", context)).toBe(" --data-dir '/srv/it'\\''s mine'");
  });
});

describe('reload', () => {
  it('O2: takes reloadable settings, keeps the others, and changes nothing when one is wrong', () => {
    const config = write('c.json', { port: 1, 'log-level': 'info' });
    const options = { application: 'server', environment: {}, cwd: directory, flags: { config } } as const;
    const first = resolveSettings(settings, options);
    write('c.json', { port: 2, 'log-level': 'debug' });
    const good = reloadSettings(settings, first, options);
    expect(good).toMatchObject({ reloaded: true, changed: ['log-level'], needRestart: ['port'] });
    if (!good.reloaded) throw good.error;
    expect(good.settings.values).toMatchObject({ port: 1, logLevel: 'debug' });
    write('c.json', { 'log-level': 'debug', port: 'x' });
    expect(reloadSettings(settings, good.settings, options)).toMatchObject({
      reloaded: false,
      error: { code: 'E_CONFIG' },
    });
  });
});

describe('types', () => {
  const read = <Value>(type: SettingType<Value>, raw: unknown): Value | undefined => z.safeParse(type.schema, raw).data;

  it('C5: read text and JSON alike, and refuse everything else', () => {
    expect(['0', '65535', 80].map((raw) => read(port(), raw))).toEqual([0, 65_535, 80]);
    expect(['', ' 1', '-1', '65536', '0x10', '1.5', null, true, [1]].map((raw) => read(port(), raw))).toEqual(
      Array(9).fill(undefined),
    );
    const seconds = durationMs({ plainUnit: 's' });
    expect(['30', 30, '500ms', '1.5h', '2d'].map((raw) => read(seconds, raw))).toEqual([
      30_000, 30_000, 500, 5_400_000, 172_800_000,
    ]);
    expect(['', '-1', '1w', 'Infinity', NaN, '1e9'].map((raw) => read(seconds, raw))).toEqual(Array(6).fill(undefined));
    expect(['65536', '64KiB', '64k', '1MB', 5].map((raw) => read(byteCount(), raw))).toEqual([
      65_536, 65_536, 65_536, 1_000_000, 5,
    ]);
    expect(read(byteCount({ max: 10 }), '11')).toBeUndefined();
    expect(read(integer({ min: 1, max: 9 }), '10')).toBeUndefined();
    expect(['true', '0', false, 'yes'].map((raw) => read(toggle(), raw))).toEqual([true, false, false, undefined]);
  });

  it('C6: reads host:port with IPv6 in brackets', () => {
    const type = address({ defaultPort: 1337 });
    expect(read(type, '[::1]:80')).toEqual({ host: '::1', port: 80 });
    expect(read(type, 'example.org')).toEqual({ host: 'example.org', port: 1337 });
    expect(
      ['::1', '[::1', '[x]:1', 'a:0', 'a:65536', 'a b:1', '', ':1', 'http://a:1'].map((raw) => read(type, raw)),
    ).toEqual(Array(9).fill(undefined));
    expect(read(address(), 'example.org')).toBeUndefined();
    expect(type.show({ host: '::1', port: 80 })).toBe('[::1]:80');
  });

  it('C6: an address to listen on may stand in brackets', () => {
    expect(['[::1]', '::', 'localhost', '[x]'].map((raw) => read(host(), raw))).toEqual([
      '::1',
      '::',
      'localhost',
      '[x]',
    ]);
  });

  it('C5: the published JSON Schema has every setting', () => {
    const schema = settingsJsonSchema('server', settings);
    expect(Object.keys(schema['properties'] as object)).toEqual(
      expect.arrayContaining([...Object.keys(settings), 'token-file']),
    );
    expect(schema['additionalProperties']).toBe(false);
  });
});
