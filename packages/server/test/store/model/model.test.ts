/** R1, 2.0.10: random lives of a store, crashes among them, against a model of it. */
import { describe, it } from '@jest/globals';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { MemoryDisk, MemoryStore, SqliteStore, type Store, type StoreListener } from '../../../src/store/index.ts';
import { ManualTime } from './manual-time.ts';
import { DELAY_MS_MAX, ModelRun, type Action, type StoreMaker } from './model-run.ts';
import { QUEUE_NAMES } from './naive-store.ts';

const MEMORY_CASES = Number(process.env['TEST_STORE_MODEL_CASES'] ?? 100);
const FILE_CASES = Number(process.env['TEST_STORE_MODEL_FILE_CASES'] ?? 6);
const CASE_MINUTES = 30;

const nothing = (): void => undefined;
const listener: StoreListener = { onQueues: nothing, onAgentLost: nothing, onHealth: nothing, onIncident: nothing };

const address = fc.constantFrom('agent:bob', 'topic:a.b', 'topic:c');
const queue = fc.constantFrom(...QUEUE_NAMES);
const what = fc.constantFrom('acked', 'acked', 'acked-to', 'skip-seen', 'failed', 'dead', 'dropped');
const action = fc.oneof(
  { weight: 6, arbitrary: publish(fc.integer({ min: 1, max: 6 }), fc.constantFrom(10, 10, 9_000)) },
  { weight: 2, arbitrary: publish(fc.constantFrom(40, 530, 1_100), fc.constant(10)) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('delayed'), to: address, delayMs: fc.nat(DELAY_MS_MAX) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('repeat'), back: fc.nat(20) }) },
  { weight: 10, arbitrary: fc.record({ kind: fc.constant('settle'), queue, what, at: fc.nat(600) }) },
  { weight: 5, arbitrary: fc.record({ kind: fc.constant('advance'), ms: fc.constantFrom(1, 1, 2, 60) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('reopen'), queue }) },
  {
    weight: 7,
    arbitrary: fc.record({ kind: fc.constantFrom('check', 'check', 'crash', 'crash', 'close', 'redrive') }),
  },
) as fc.Arbitrary<Action>;
const life = fc.record({
  actions: fc.array(action, { minLength: 5, maxLength: 45, size: 'max' }),
  eventsMax: fc.constantFrom(3, 30, 5_000, 5_000),
  checkpointBytes: fc.constantFrom(1, 1_000, 30_000, 67_108_864),
  checkpointSliceBytes: fc.constantFrom(1, 1, 5_000, 131_072),
});
type Life = typeof life extends fc.Arbitrary<infer Value> ? Value : never;

/** Lives that ended badly once. */
const FOUND: [Life][] = [
  // An ack between two slices of a checkpoint, in a chunk that the first one wrote, was forgotten by the next checkpoint.
  bad(
    5_000,
    [{ kind: 'publish', count: 2, to: 'agent:bob', bytes: 10 }, { kind: 'check' }],
    [{ kind: 'publish', count: 530, to: 'agent:bob', bytes: 10 }],
    [
      { kind: 'advance', ms: 1 },
      { kind: 'settle', queue: 'direct', what: 'dead', at: 0 },
    ],
    [{ kind: 'settle', queue: 'direct', what: 'acked', at: 1 }, { kind: 'close' }],
  ),
  // The chunks of one queue were left out of the checkpoint in which another queue was deleted.
  bad(
    1,
    [
      { kind: 'publish', count: 530, to: 'topic:a.b', bytes: 10 },
      { kind: 'publish', count: 530, to: 'topic:a.b', bytes: 10 },
    ],
    [{ kind: 'check' }, { kind: 'reopen', queue: 'all' }, { kind: 'check' }, { kind: 'advance', ms: 1 }],
    [{ kind: 'publish', count: 41, to: 'agent:bob', bytes: 10 }],
  ),
  // A queue was written as acked up to a sequence that a chunk, written before, still had as waiting.
  bad(
    1,
    [{ kind: 'publish', count: 1, to: 'topic:c', bytes: 10 }, { kind: 'check' }],
    [
      { kind: 'publish', count: 530, to: 'agent:bob', bytes: 10 },
      { kind: 'delayed', to: 'agent:bob', delayMs: 0 },
    ],
    [
      { kind: 'publish', count: 530, to: 'topic:a.b', bytes: 10 },
      { kind: 'advance', ms: 1 },
    ],
    [{ kind: 'settle', queue: 'all', what: 'acked-to', at: 0 }, { kind: 'check' }, { kind: 'check' }],
  ),
];

function bad(checkpointSliceBytes: Life['checkpointSliceBytes'], ...actions: Action[][]): [Life] {
  return [{ actions: actions.flat(), eventsMax: 5_000, checkpointBytes: 30_000, checkpointSliceBytes }];
}

function publish(count: fc.Arbitrary<number>, bytes: fc.Arbitrary<number>): fc.Arbitrary<unknown> {
  return fc.record({ kind: fc.constant('publish'), count, to: address, bytes });
}

async function live({ actions, eventsMax }: Life, maker: StoreMaker): Promise<void> {
  const run = await ModelRun.start(maker, eventsMax);
  for (const each of actions) await run.do(each);
  await run.do({ kind: 'crash' });
  await run.end();
}

function optionsOf({ eventsMax, checkpointBytes, checkpointSliceBytes }: Life, environment: ManualTime) {
  const limits = { eventsMax, bytesMax: 1_000_000_000, retentionMs: 86_400_000 };
  return { limits, environment, checkpointBytes, checkpointSliceBytes };
}

describe('random lives of a store', () => {
  it(
    `R1: in memory, ${MEMORY_CASES} of them`,
    async () => {
      await fc.assert(
        fc.asyncProperty(life, async (each) => {
          const time = new ManualTime();
          const disk = new MemoryDisk({ commitDelayMs: 1 });
          let store: MemoryStore | undefined;
          const create = async (): Promise<Store> => {
            store = new MemoryStore({ ...optionsOf(each, time), disk });
            await store.open(listener);
            return store;
          };
          await live(each, { time, create, crash: async () => store?.crash() });
        }),
        { numRuns: MEMORY_CASES, examples: FOUND },
      );
    },
    CASE_MINUTES * 60_000,
  );

  it(
    `R1: in a file, ${FILE_CASES} of them`,
    async () => {
      await fc.assert(
        fc.asyncProperty(life, async (each) => {
          const folder = mkdtempSync(join(tmpdir(), 'sealane-model-'));
          const time = new ManualTime();
          let store: SqliteStore | undefined;
          const create = async (): Promise<Store> => {
            const options = { ...optionsOf(each, time), diskFloorBytes: 0, deadBytesMin: 1 };
            store = new SqliteStore(join(folder, 'store.db'), options);
            await store.open(listener);
            return store;
          };
          try {
            await live(each, { time, create, crash: async () => store?.crash() });
          } finally {
            await store?.crash();
            rmSync(folder, { recursive: true });
          }
        }),
        { numRuns: FILE_CASES },
      );
    },
    CASE_MINUTES * 60_000,
  );
});
