import { describe, expect, it } from '@jest/globals';
import { MemoryStorage } from './memory-storage.ts';
import { storageCompliance } from './storage.compliance.ts';

describe('MemoryStorage', () => {
  storageCompliance(
    () =>
      Promise.resolve({
        open: () => Promise.resolve(new MemoryStorage()),
        isDurable: false,
        dispose: () => Promise.resolve(),
      }),
    { it, expect },
  );
});
