/** Every decoder of `node`, for its tests and for `tools:fuzz`. */
import type { FuzzDecoder } from '@sealane/shared/testing';
import { FILE_DECODERS } from './file-decoders.ts';
import { KEY_DECODERS } from './key-decoders.ts';
import { SETTING_DECODERS } from './setting-decoders.ts';

export const DECODERS: readonly FuzzDecoder[] = [...KEY_DECODERS, ...SETTING_DECODERS, ...FILE_DECODERS];
