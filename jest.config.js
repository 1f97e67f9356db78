// All tests of the workspace in one process pool; `--selectProjects NAME` runs those of one package.
import layers from './packages/layers.json' with { type: 'json' };
import { project } from './jest.preset.js';

const rootOf = (name) => (name === 'tools' ? 'tools' : `packages/${name}`);

export default {
  projects: Object.keys(layers.packages).map((name) => project({ name, root: `<rootDir>/${rootOf(name)}` })),
  coverageProvider: 'v8',
  maxWorkers: 2,
  reporters: [['default', { summaryThreshold: 0 }], '<rootDir>/tools/jest/summary-reporter.js'],
};
