import { expect, test } from '@jest/globals';
import { allowedPackages, layersOf } from './layers.ts';

const layer = (packageName: string, name: string) => layersOf(packageName).find((each) => each.name === name)!;

test('a layer imports itself and what stands to its left', () => {
  expect(layer('shared', 'crypto').imports).toEqual(['errors', 'bytes', 'crypto']);
});

test('a layer beside the row is imported by nothing in the row', () => {
  expect(layer('shared', 'session').imports).not.toContain('crypto-native');
  expect(layer('shared', 'testing').imports).toContain('crypto-native');
});

test('only the native suite and the test doubles import built-ins', () => {
  const names = layersOf('shared').filter((each) => each.builtins);
  expect(names.map((each) => each.name)).toEqual(['crypto-native', 'testing']);
});

test('server and agent never import each other', () => {
  expect(allowedPackages('server')).not.toContain('agent');
  expect(allowedPackages('agent')).not.toContain('server');
});
