import { describe, expect, it } from '@jest/globals';
import { newProducerId } from './lanes.ts';
import { MemoryOutbox } from './memory-outbox.ts';
import { outboxCompliance } from './outbox.compliance.ts';

describe('MemoryOutbox', () => {
  outboxCompliance((options) => Promise.resolve(new MemoryOutbox({ ...options, producerId: newProducerId() })), {
    it,
    expect,
  });
});
