// Settings every package's tests share; jest.config.js makes one jest project per package from them.

/** @param {{ name: string, root: string }} options */
export const project = ({ name, root }) => ({
  displayName: name,
  rootDir: root,
  testEnvironment: 'node',
  testEnvironmentOptions: { customExportConditions: ['@sealane/source', 'node', 'node-addons'] },
  testMatch: ['<rootDir>/src/**/*.test.ts', '<rootDir>/test/**/*.test.ts'],
  modulePathIgnorePatterns: ['<rootDir>/dist/', '<rootDir>/out-tsc/'],
  // A module under Jest finds globals slowly; CommonJS modules that compute, such as tweetnacl, get these as arguments.
  sandboxInjectedGlobals: ['Math', 'Float64Array', 'Uint8Array'],
  extensionsToTreatAsEsm: ['.ts'],
  transform: { '\\.ts$': new URL('tools/jest/esbuild-transformer.js', import.meta.url).pathname },
});
