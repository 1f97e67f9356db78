import { describe, expect, it } from '@jest/globals';
import { Writable } from 'node:stream';
import { ConfigError } from '@sealane/shared/errors';
import { createLogger, redact, wantsColour, type LoggerOptions } from './index.ts';

/** Collects what is written. */
class Sink extends Writable {
  text = '';
  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.text += chunk.toString();
    done();
  }
  get lines(): Record<string, unknown>[] {
    return this.text
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
  }
}

const started = (options: Partial<LoggerOptions> = {}) => {
  const sink = new Sink();
  return { sink, log: createLogger({ level: 'debug', stream: sink, wallClock: () => 0, ...options }) };
};

describe('lines', () => {
  it('are JSON off a terminal, in order, with the fields of the child', async () => {
    const { sink, log } = started();
    log.child({ peer: '127.0.0.1' }).info('agent connected', { agent: 'a' });
    log.error('second');
    await log.flush();
    expect(sink.lines).toEqual([
      { peer: '127.0.0.1', agent: 'a', time: '1970-01-01T00:00:00.000Z', level: 'info', message: 'agent connected' },
      { time: '1970-01-01T00:00:00.000Z', level: 'error', message: 'second' },
    ]);
  });

  it('begin with time, level and message, which no field replaces', async () => {
    const { sink, log } = started();
    log.info('gone', { reason: 'closed', level: 'x', message: 'y' });
    await log.flush();
    expect(sink.text).toBe('{"time":"1970-01-01T00:00:00.000Z","level":"info","message":"gone","reason":"closed"}\n');
  });

  it('are for people on a terminal', async () => {
    const stream = Object.assign(new Sink(), { isTTY: true });
    const log = createLogger({ level: 'info', stream, wallClock: () => 0, environment: { TERM: 'dumb' } });
    log.warn('slow reader', { agent: 'a b', bytes: 3 });
    log.debug('hidden');
    await log.flush();
    expect(stream.text).toBe('00:00:00.000 warn  slow reader agent="a b" bytes=3\n');
  });

  it('obey the level, which may change', async () => {
    const { sink, log } = started({ level: 'silent' });
    log.error('one');
    log.setLevel('warn');
    log.warn('two');
    log.info('three');
    await log.flush();
    expect(sink.lines.map(({ message }) => message)).toEqual(['two']);
  });
});

describe('redaction', () => {
  it('A12: shows no secret, no payload and no bytes', () => {
    const canary = 'canary-51';
    const fields = {
      password: canary,
      passphrase: canary,
      enrolmentToken: canary,
      Authorization: canary,
      secretKey: canary,
      sessionKey: canary,
      key: canary,
      nested: { deep: { resume_token: canary } },
      payload: canary,
      accountPassword: canary,
      API_KEY: canary,
      body: new TextEncoder().encode(canary),
    };
    const shown = JSON.stringify(redact(fields));
    expect(shown).not.toContain('canary');
    expect(shown).toContain('<9 bytes>');
  });

  it('A12: keeps what tells nothing secret', () => {
    const fields = { fingerprint: 'SHA256:x', keyFile: 'k', tokenCount: 2, monkey: 'm', agent: 'a' };
    expect(redact(fields)).toEqual({ ...fields });
  });

  it('D8: escapes text of peers and bounds everything', () => {
    const wide = Object.fromEntries(Array.from({ length: 100 }, (_, index) => [`f${index}`, index]));
    const loop: Record<string, unknown> = {};
    loop['self'] = loop;
    const shown = redact({
      id: '\u001b[2Ja\nb\u202e',
      long: 'x'.repeat(1e6),
      loop,
      error: new ConfigError('E_DATA', 'a\u0007'),
    });
    expect(shown['id']).toBe('\\u{1b}[2Ja\\u{a}b\\u{202e}');
    expect(String(shown['long']).length).toBeLessThan(1_100);
    expect(shown['error']).toEqual({ name: 'ConfigError', code: 'E_DATA', message: 'a\\u{7}' });
    expect(Object.keys(redact(wide)).length).toBeLessThan(40);
  });

  it('O5: a field that throws does not end the program', async () => {
    const { sink, log } = started();
    const broken = {
      get trap(): string {
        throw new Error('boo');
      },
    };
    log.info('fields', { broken });
    await log.flush();
    expect(sink.lines[0]).toMatchObject({ message: 'fields', fields: '<not loggable>' });
  });
});

describe('floods', () => {
  it('O5: one text is written N times a second and then counted', async () => {
    let nowMs = 0;
    const { sink, log } = started({ perSecondMax: 3, monotonicClock: () => nowMs });
    for (let index = 0; index < 1_000; index++) log.warn('refused', { index });
    log.warn('other');
    nowMs = 1_001;
    log.warn('refused');
    await log.flush();
    expect(sink.lines.map(({ message, suppressed }) => [message, suppressed])).toEqual([
      ['refused', undefined],
      ['refused', undefined],
      ['refused', undefined],
      ['other', undefined],
      ['refused', 997],
    ]);
  });

  it('O5: what was left out at the end is told at the flush', async () => {
    const { sink, log } = started({ perSecondMax: 1, monotonicClock: () => 0 });
    for (let index = 0; index < 10; index++) log.warn('refused');
    await log.flush();
    expect(sink.lines.at(-1)).toMatchObject({ message: 'log messages suppressed', text: 'refused', suppressed: 9 });
  });

  it('O5, 2.4.12: a stream that fails or takes nothing costs neither the program nor memory', async () => {
    const broken = new Writable({
      write: (_chunk, _encoding, done) => done(Object.assign(new Error('full'), { code: 'ENOSPC' })),
    });
    const log = createLogger({ level: 'info', stream: broken });
    log.info('one');
    await log.flush();
    log.info('two');
    await log.flush();
    const stuck = new Writable({ write: () => undefined });
    const second = createLogger({ level: 'info', stream: stuck, perSecondMax: 1e9 });
    second.info('start');
    await new Promise((resolve) => setTimeout(resolve, 200));
    for (let index = 0; index < 20_000; index++) second.info('line', { text: 'x'.repeat(500) });
    expect(stuck.writableLength).toBeLessThan(2_000_000);
  });
});

describe('colour', () => {
  it.each([
    ['auto', {}, true, true],
    ['auto', {}, false, false],
    ['auto', { NO_COLOR: '1' }, true, false],
    ['auto', { NO_COLOR: '' }, true, true],
    ['auto', { FORCE_COLOR: '1' }, false, true],
    ['auto', { FORCE_COLOR: '0' }, true, false],
    ['auto', { TERM: 'dumb' }, true, false],
    ['always', { NO_COLOR: '1' }, false, true],
    ['never', { FORCE_COLOR: '1' }, true, false],
  ] as const)('C2: --color=%s, %j, terminal %s gives %s', (mode, environment, isTTY, expected) => {
    expect(wantsColour({ mode, environment, stream: { isTTY } })).toBe(expected);
  });
});
