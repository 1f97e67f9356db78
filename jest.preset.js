// Settings every package's tests share; jest.config.js makes one jest project per package from them.

/** @param {{ name: string, root: string }} options */
export const project = ({ name, root }) => ({
  displayName: name,
  rootDir: root,
  testEnvironment: new URL('tools/jest/plain-global-environment.js', import.meta.url).pathname,
  testEnvironmentOptions: { customExportConditions: ['@sealane/source', 'node', 'node-addons'] },
  testMatch: ['<rootDir>/src/**/*.test.ts', '<rootDir>/test/**/*.test.ts'],
  modulePathIgnorePatterns: ['<rootDir>/dist/', '<rootDir>/out-tsc/'],
  extensionsToTreatAsEsm: ['.ts'],
  transform: { '\\.ts$': new URL('tools/jest/esbuild-transformer.js', import.meta.url).pathname },
});
