/** CallSignal: one step of a call, as programs see it. */
import { toHex } from '@sealane/shared/bytes';
import type { CallEndReason, Content } from '@sealane/e2ee/content';

/** One step of a call. */
export type CallSignal =
  | { readonly kind: 'offer'; readonly call: string; readonly description: string; readonly isVideo: boolean }
  | { readonly kind: 'answer'; readonly call: string; readonly description: string }
  | { readonly kind: 'candidates'; readonly call: string; readonly candidates: readonly string[] }
  | { readonly kind: 'end'; readonly call: string; readonly reason: CallEndReason };

/** What a content says of a call; undefined for one about something else. */
export function callSignalOf(content: Content): CallSignal | undefined {
  switch (content.kind) {
    case 'call-offer': {
      const { call, description, isVideo } = content.body;
      return { kind: 'offer', call: toHex(call), description, isVideo };
    }
    case 'call-answer':
      return { kind: 'answer', call: toHex(content.body.call), description: content.body.description };
    case 'call-candidates':
      return { kind: 'candidates', call: toHex(content.body.call), candidates: content.body.candidates };
    case 'call-end':
      return { kind: 'end', call: toHex(content.body.call), reason: content.body.reason };
    default:
      return undefined;
  }
}
