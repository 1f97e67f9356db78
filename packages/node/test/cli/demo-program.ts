/** A small program on the command-line frame, run as a real process by the tests. Not part of the product. */
import { setTimeout as sleep } from 'node:timers/promises';
import { ConfigError } from '@sealane/shared/errors';
import { address, durationMs, explained, integer, oneOf, path, port, setting, text } from '@sealane/node/config';
import { defineCommand, main } from '@sealane/node/cli';

const serve = defineCommand({
  name: 'serve',
  summary: 'Run until a signal comes.',
  life: 'server',
  settings: {
    host: setting(text(), { help: 'Address to listen on.', default: '0.0.0.0' }),
    port: setting(port(), { help: 'Port to listen on; 0 takes a free one.', default: 1337 }),
    enrolment: setting(oneOf(['loopback', 'token', 'open', 'closed']), { help: 'Who may enrol.', default: 'loopback' }),
    'data-dir': setting(path(), { help: 'Data directory.' }),
    drain: setting(durationMs({ plainUnit: 's' }), { help: 'Time the end takes.', default: 0 }),
  },
  examples: ['serve --port 0'],
  async run({ settings, output, shutdown }) {
    shutdown.onShutdown(async () => {
      await sleep(settings.drain);
      await output.emit({ event: 'closed' });
    });
    await output.emit({ event: 'listening', ...settings });
    const alive = setInterval(() => undefined, 1_000);
    await shutdown.whenTasksDone;
    clearInterval(alive);
  },
});

const count = defineCommand({
  name: 'count',
  summary: 'Print many lines.',
  settings: {
    lines: setting(integer({ min: 0, max: 1e7 }), { help: 'How many.', default: 10 }),
    token: setting(text(), { help: 'Secret of the demo.', secret: true, secretAsArgument: true }),
    password: setting(text(), { help: 'Secret of the demo.', secret: true }),
    server: setting(address({ defaultPort: 1337 }), { help: 'Where.', default: { host: '127.0.0.1', port: 1337 } }),
  },
  async run({ settings, output }) {
    for (let index = 0; index < settings.lines; index++) {
      if (!(await output.emit({ event: 'line', index }, `line ${index}`))) return;
      if (index % 1_000 === 0) await sleep(0);
    }
  },
});

const work = defineCommand({
  name: 'work',
  summary: 'Work for long.',
  async run({ output }) {
    await output.emit({ event: 'started' }, 'started');
    await sleep(60_000);
  },
});

const fail = defineCommand({
  name: 'fail',
  summary: 'Fail in some way.',
  arguments: [{ name: 'how', help: 'In which way.', choices: ['config', 'bug', 'rejection', 'system'] }],
  async run({ arguments: [how] }) {
    if (how === 'config') {
      throw explained(new ConfigError('E_KEY_MODE', 'The key file can be read by others'), {
        next: 'Run: chmod 600 k',
      });
    }
    if (how === 'system') throw Object.assign(new Error('listen EADDRINUSE'), { code: 'EADDRINUSE' });
    if (how === 'rejection') {
      void Promise.reject(new Error('nobody waits'));
      await sleep(10_000);
    }
    throw new TypeError('a bug');
  },
});

const say = defineCommand({
  name: 'say',
  summary: 'Print the words.',
  arguments: [{ name: 'words', help: 'What to say.', variadic: true }],
  async run({ arguments: words, output }) {
    await output.emit({ event: 'said', words }, words.join(' '));
  },
});

await main({
  name: 'demo',
  version: '1.2.3',
  summary: 'Shows what the command-line frame does.',
  application: 'server',
  examples: ['serve --port 0', 'count --lines 3'],
  commands: [serve, count, work, fail, say],
});
