// All tests of the workspace in one process pool; `--selectProjects NAME` runs those of one package.
import layers from './packages/layers.json' with { type: 'json' };
import { project } from './jest.preset.js';

// Programs that the tests start, and the workers, compile each module once: most of a short process's time goes there.
process.env.NODE_COMPILE_CACHE ??= new URL('node_modules/.cache/node-compile/', import.meta.url).pathname;

const rootOf = (name) => (name === 'tools' ? 'tools' : `packages/${name}`);

export default {
  projects: Object.keys(layers.packages).map((name) => project({ name, root: `<rootDir>/${rootOf(name)}` })),
  coverageProvider: 'v8',
  globalSetup: '<rootDir>/tools/jest/build-programs.js',
  maxWorkers: 4,
  // Longer than `eventually` waits, so that what did not happen is named.
  testTimeout: 30_000,
  testSequencer: '<rootDir>/tools/jest/longest-first-sequencer.js',
  reporters: [['default', { summaryThreshold: 0 }], '<rootDir>/tools/jest/summary-reporter.js'],
};
