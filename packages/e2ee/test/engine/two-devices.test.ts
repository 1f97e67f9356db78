import { randomBytes } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { nodeMlsCrypto } from '../../src/crypto-node/index.ts';
import { webCrypto, type MlsCrypto, type SuiteName } from '../../src/mls/index.ts';
import { TestDevice, TestDirectory } from '../../src/testing/index.ts';
import { CONVERSED, converse } from './converse.ts';

const PROVIDERS = { node: nodeMlsCrypto, web: webCrypto } as const satisfies Record<string, MlsCrypto>;

describe('two devices', () => {
  it.each([
    ['classical', 'node', 'node'],
    ['classical', 'node', 'web'],
    ['classical', 'web', 'node'],
    ['hybrid', 'node', 'node'],
    ['hybrid', 'node', 'web'],
    ['hybrid', 'web', 'node'],
  ] as const satisfies [SuiteName, keyof typeof PROVIDERS, keyof typeof PROVIDERS][])(
    'D1, D5: talk in a %s group, one over %s crypto and one over %s',
    async (suite, ofAnna, ofBert) => {
      const directory = new TestDirectory();
      const create = async (username: string, crypto: MlsCrypto) =>
        (await TestDevice.create({ directory, username, agentId: `${username}-1`, crypto })).engine;
      const anna = await create('anna', PROVIDERS[ofAnna]);
      const bert = await create('bert', PROVIDERS[ofBert]);
      const group = Uint8Array.from(randomBytes(16));
      expect(await converse({ anna, bert, suite, group })).toEqual(CONVERSED);
    },
  );
});
