import { expect, test } from '@jest/globals';
import * as engine from './engine/index.ts';
import { E2eeEngine } from './index.ts';

test('the package has its engine without a layer', () => {
  expect(E2eeEngine).toBe(engine.E2eeEngine);
});
