import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { storeCompliance } from '../store.compliance.ts';
import { VirtualEnvironment } from '../testing/virtual-environment.compliance.ts';
import { SqliteStore } from './sqlite-store.ts';

describe('SqliteStore', () => {
  storeCompliance(
    async ({ limits }) => {
      const folder = mkdtempSync(join(tmpdir(), 'sealane-store-'));
      const environment = new VirtualEnvironment();
      return {
        create: () => new SqliteStore(join(folder, 'store.db'), { environment, limits, diskFloorBytes: 0 }),
        async crash(store) {
          if (store instanceof SqliteStore) await store.crash();
        },
        now: () => environment.now(),
        advance: (ms) => environment.advance(ms),
        async dispose() {
          rmSync(folder, { recursive: true });
        },
      };
    },
    { it, expect },
  );
});
