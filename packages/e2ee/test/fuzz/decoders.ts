/** Every decoder of `e2ee`, for its tests and for `tools:fuzz`. */
import type { FuzzDecoder } from '@sealane/shared/testing';
import { CONTENT_DECODERS } from './content-decoders.ts';

export const DECODERS: readonly FuzzDecoder[] = [...CONTENT_DECODERS];
