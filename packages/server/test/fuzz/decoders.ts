/** Every decoder of `server`, for its tests and for `tools:fuzz`. */
import type { FuzzDecoder } from '@sealane/shared/testing';
import { FILE_DECODERS } from './file-decoders.ts';
import { NODE_DECODERS } from './node-decoders.ts';
import { PEER_DECODERS } from './peer-decoders.ts';
import { REDIS_DECODERS } from './redis-decoders.ts';
import { STORE_DECODERS } from './store-decoders.ts';

export const DECODERS: readonly FuzzDecoder[] = [
  ...FILE_DECODERS,
  ...STORE_DECODERS,
  ...REDIS_DECODERS,
  ...NODE_DECODERS,
  ...PEER_DECODERS,
];
