/** Why sequences are skipped, as numbers of the wire (docs/protocols/delivery.md §6). */
import type { SkipReason } from '../store/index.ts';

export const SKIP_REASON_NUMBER: Readonly<Record<SkipReason, number>> = {
  expired: 1,
  retention: 2,
  overflow: 3,
  'dead-letter': 4,
  purged: 5,
};
