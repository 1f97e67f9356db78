/** Commands that every program has: errors, config, completion. */
import { ERRORS, ConfigError, type ErrorCode } from '@sealane/shared/errors';
import {
  explained,
  resolveSettings,
  setting,
  settingRows,
  settingsJsonSchema,
  suggest,
  toggle,
} from '../config/index.ts';
import { defineCommand, settingsOfProgram, type CommandDefinition, type ProgramDefinition } from './command.ts';
import { completionScript, SHELLS, type Shell } from './completion.ts';
import { globalSettings } from './global-settings.ts';

const explain = defineCommand({
  name: 'explain',
  summary: 'Explain an error code.',
  arguments: [{ name: 'code', help: 'For example E_IDENTITY_CHANGED.' }],
  examples: ['errors explain E_IDENTITY_CHANGED'],
  async run({ arguments: [word = ''], output }) {
    const code = word.toUpperCase();
    if (!isErrorCode(code)) {
      const meant = suggest(code, Object.keys(ERRORS));
      const next = meant === undefined ? 'See `errors list` for all codes.' : `Did you mean ${meant}?`;
      throw explained(new ConfigError('E_USAGE', 'There is no error of this code'), { next });
    }
    const { number, means, next, exit, closes } = ERRORS[code];
    const text = [
      code,
      `  ${means}`,
      `  Next: ${next}`,
      `  Exit code ${exit}; ends: ${closes}; number ${hex(number)}.`,
    ];
    await output.emit({ event: 'error-code', code, number, means, next, exit, closes }, text.join('\n'));
  },
});

const list = defineCommand({
  name: 'list',
  summary: 'List all error codes.',
  examples: ['errors list'],
  async run({ output }) {
    for (const [code, row] of Object.entries(ERRORS)) {
      await output.emit({ event: 'error-code', code, ...row }, `${code.padEnd(24)} ${row.means}`);
    }
  },
});

const originSetting = setting(toggle(), { help: 'Show where each value comes from.', default: false });

const showConfig = defineCommand({
  name: 'show',
  summary: 'Show every setting and its value.',
  leavesSecrets: true,
  settings: { origin: originSetting },
  examples: ['config show --origin', 'config show --origin --config ./config.json'],
  async run({ program, resolveOptions, settings, output }) {
    const declarations = shownSettings(program);
    const rows = settingRows(declarations, resolveSettings(declarations, { ...resolveOptions, leaveSecrets: true }));
    for (const { name, value, origin, detail } of rows) {
      const from = settings.origin ? `  # ${[origin, detail].filter((part) => part !== '').join(' ')}` : '';
      await output.emit(
        { event: 'setting', name, value, ...(settings.origin && { origin, detail }) },
        `${name} = ${value ?? ''}${from}`,
      );
    }
  },
});

const validateConfig = defineCommand({
  name: 'validate',
  summary: 'Check flags, environment and configuration file without starting anything.',
  examples: ['config validate', 'config validate --config ./config.json'],
  async run({ program, resolveOptions, output }) {
    resolveSettings(shownSettings(program), resolveOptions);
    await output.emit({ event: 'valid' }, 'The configuration is valid.');
  },
});

const configSchema = defineCommand({
  name: 'schema',
  summary: 'Print the JSON Schema of the configuration file.',
  examples: ['config schema > server.schema.json'],
  async run({ program, output }) {
    await output.raw(
      `${JSON.stringify(settingsJsonSchema(program.application, shownSettings(program)), undefined, 2)}\n`,
    );
  },
});

const completion = defineCommand({
  name: 'completion',
  summary: 'Print the completion script for a shell.',
  arguments: [{ name: 'shell', help: 'Which shell.', choices: SHELLS }],
  examples: ['completion bash > ~/.local/share/bash-completion/completions/NAME'],
  async run({ arguments: [shell], program, output }) {
    await output.raw(completionScript(program, globalSettings('info'), shell as Shell));
  },
});

/** In the order in which help lists them; those of `config` take the flags of the program, as they would be given to it. */
export function builtinCommands(program: ProgramDefinition): readonly CommandDefinition[] {
  const settings = program.configSettings ?? settingsOfProgram(program);
  return [
    {
      name: 'config',
      summary: 'Show and check the configuration.',
      commands: [
        { ...showConfig, settings: { ...showConfig.settings, ...settings } },
        { ...validateConfig, settings },
        configSchema,
      ],
    },
    { name: 'errors', summary: 'Explain error codes.', commands: [explain, list] },
    completion,
  ];
}

function shownSettings(program: ProgramDefinition) {
  return { ...(program.configSettings ?? settingsOfProgram(program)), ...globalSettings(program.logLevel ?? 'info') };
}

function isErrorCode(code: string): code is ErrorCode {
  return Object.hasOwn(ERRORS, code);
}

function hex(number: number): string {
  return `0x${number.toString(16).padStart(4, '0')}`;
}
