/** Every decoder of `shared`, for its tests and for `tools:fuzz`. */
import type { FuzzDecoder } from '../../src/testing/index.ts';
import { ACCOUNT_DECODERS } from './account-decoders.ts';
import { HANDSHAKE_DECODERS } from './handshake-decoders.ts';
import { ITEM_DECODERS } from './item-decoders.ts';
import { SESSION_DECODERS } from './session-decoders.ts';
import { TEXT_DECODERS } from './text-decoders.ts';
import { WIRE_DECODERS } from './wire-decoders.ts';

export const DECODERS: readonly FuzzDecoder[] = [
  ...WIRE_DECODERS,
  ...HANDSHAKE_DECODERS,
  ...SESSION_DECODERS,
  ...TEXT_DECODERS,
  ...ACCOUNT_DECODERS,
  ...ITEM_DECODERS,
];
