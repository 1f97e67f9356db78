// Lint rules: typescript-eslint strict with types, and the import rules generated from packages/layers.json.
import js from '@eslint/js';
import tseslint from 'typescript-eslint';
import { importRuleBlocks } from './tools/src/check/import-rules.ts';

const coreFiles = ['packages/shared/src/**/*.ts'];
const coreExceptions = ['**/*.test.ts', 'packages/shared/src/crypto-native/**', 'packages/shared/src/testing/**'];

export default tseslint.config(
  {
    ignores: [
      'tools/fixtures/**',
      '**/dist/',
      '**/out-tsc/',
      '**/coverage/',
      '.nx/',
      '**/generated/**',
      '**/*.generated.*',
    ],
  },
  js.configs.recommended,
  {
    files: ['**/*.js'],
    languageOptions: { globals: { process: 'readonly', URL: 'readonly', console: 'readonly' } },
  },
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.strictTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      eqeqeq: 'error',
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'inline-type-imports' }],
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      'no-restricted-syntax': [
        'error',
        { selector: 'ExportAllDeclaration', message: 'Name what is exported (style: no `export *`).' },
      ],
    },
  },
  {
    // The wire's core gets bytes and time as arguments and does no I/O, so that it runs in browsers and in the simulator.
    files: coreFiles,
    ignores: coreExceptions,
    rules: {
      'no-restricted-globals': [
        'error',
        ...['Buffer', 'process', 'crypto', 'performance', 'fetch', 'WebSocket'],
        ...['setTimeout', 'setInterval', 'setImmediate'],
      ],
      'no-restricted-properties': [
        'error',
        { object: 'Date', property: 'now', message: 'Time is a parameter here.' },
        { object: 'Math', property: 'random', message: 'Randomness is a parameter here.' },
      ],
    },
  },
  {
    // Byte code reads arrays inside bounds it has just checked; a fallback value there would hide a wrong bound.
    files: ['packages/shared/src/**/*.ts'],
    rules: { '@typescript-eslint/no-non-null-assertion': 'off' },
  },
  {
    files: ['**/*.test.ts', '**/test/**/*.ts'],
    rules: {
      '@typescript-eslint/no-non-null-assertion': 'off',
      '@typescript-eslint/unbound-method': 'off',
      '@typescript-eslint/require-await': 'off',
      '@typescript-eslint/no-empty-function': 'off',
    },
  },
  ...importRuleBlocks,
);
