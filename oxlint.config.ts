// Lint rules: what is wrong by all of oxlint's accounts, typescript-eslint's strict rules with types, and the import rules
// generated from packages/layers.json.
import { defineConfig } from 'oxlint';
import { importRuleBlocks } from './tools/src/check/import-rules.ts';

const errors = (prefix: string, names: readonly string[]): Record<string, 'error'> =>
  Object.fromEntries(names.map((name) => [prefix + name, 'error']));

const coreFiles = ['packages/shared/src/**/*.ts'];
const coreExceptions = ['**/*.test.ts', 'packages/shared/src/crypto-native/**', 'packages/shared/src/testing/**'];

export default defineConfig({
  options: { typeAware: true, denyWarnings: true, reportUnusedDisableDirectives: 'error' },
  ignorePatterns: ['tools/fixtures/', 'dist/', 'out-tsc/', 'coverage/', '.nx/', '**/generated/**', '**/*.generated.*'],
  plugins: ['typescript', 'oxc'],
  categories: { correctness: 'error' },
  rules: {
    ...errors('eslint/', [
      ...[
        'eqeqeq',
        'no-array-constructor',
        'no-case-declarations',
        'no-empty',
        'no-fallthrough',
        'no-prototype-builtins',
      ],
      ...['no-regex-spaces', 'no-unexpected-multiline', 'no-useless-assignment', 'no-useless-constructor', 'no-var'],
      ...['prefer-const', 'prefer-rest-params', 'prefer-spread', 'preserve-caught-error'],
    ]),
    ...errors('typescript/', [
      ...['no-deprecated', 'no-dynamic-delete', 'no-empty-object-type', 'no-explicit-any', 'no-extraneous-class'],
      ...[
        'no-generated-empty-object-type',
        'no-invalid-void-type',
        'no-misused-promises',
        'no-mixed-enums',
        'no-namespace',
      ],
      ...['no-non-null-asserted-nullish-coalescing', 'no-non-null-assertion', 'no-require-imports'],
      ...['no-unnecessary-boolean-literal-compare', 'no-unnecessary-condition', 'no-unnecessary-template-expression'],
      ...['no-unnecessary-type-arguments', 'no-unnecessary-type-assertion', 'no-unnecessary-type-constraint'],
      ...[
        'no-unnecessary-type-conversion',
        'no-unnecessary-type-parameters',
        'no-unsafe-argument',
        'no-unsafe-assignment',
      ],
      ...['no-unsafe-call', 'no-unsafe-enum-assignment', 'no-unsafe-enum-comparison', 'no-unsafe-function-type'],
      ...['no-unsafe-member-access', 'no-unsafe-return', 'only-throw-error', 'prefer-literal-enum-member'],
      ...['prefer-promise-reject-errors', 'prefer-reduce-type-parameter', 'prefer-return-this-type'],
      ...['related-getter-setter-pairs', 'require-await', 'restrict-plus-operands', 'unified-signatures'],
      'use-unknown-in-catch-callback-variable',
    ]),
    'eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
    'typescript/ban-ts-comment': ['error', { minimumDescriptionLength: 10 }],
    'typescript/consistent-type-imports': ['error', { fixStyle: 'inline-type-imports' }],
    'typescript/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
    'typescript/restrict-plus-operands': [
      'error',
      { allowAny: false, allowBoolean: false, allowNullish: false, allowNumberAndString: false, allowRegExp: false },
    ],
    'typescript/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
    'typescript/return-await': ['error', 'error-handling-correctness-only'],
    'typescript/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
  },
  overrides: [
    {
      // The wire's core gets bytes and time as arguments and does no I/O, so that it runs in browsers and in the simulator.
      files: coreFiles,
      excludeFiles: coreExceptions,
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
      rules: { 'typescript/no-non-null-assertion': 'off' },
    },
    {
      files: ['**/*.test.ts', '**/test/**/*.ts'],
      rules: {
        'typescript/no-non-null-assertion': 'off',
        'typescript/unbound-method': 'off',
        'typescript/require-await': 'off',
      },
    },
    {
      // Plain JavaScript starts without a build; nobody states types there.
      files: ['**/*.js'],
      rules: {
        ...Object.fromEntries(
          ['argument', 'assignment', 'call', 'member-access', 'return'].map((what) => [
            `typescript/no-unsafe-${what}`,
            'off',
          ]),
        ),
        'typescript/require-array-sort-compare': 'off',
        'typescript/restrict-plus-operands': 'off',
      },
    },
    ...importRuleBlocks,
  ],
});
