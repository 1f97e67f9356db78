/** For tests: devices with a directory of their own. */
export { TestDevice, TestDirectory, accountIdOf } from './test-device.ts';
export type { TestDeviceOptions } from './test-device.ts';
