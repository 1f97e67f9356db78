/** Publishing in the name of the server, as its library does it. */
import { encodeContent, type Content } from '@sealane/shared/channel';
import { ProtocolError } from '@sealane/shared/errors';
import type { Delivery } from '../delivery/index.ts';
import type { PublishOptions, PublishReceipt } from './server-interface.ts';

/** @throws ProtocolError with the code of the refusal, and a time to come back where there is one. */
export async function publishContent(
  delivery: Delivery,
  { to, content, options }: { readonly to: string; readonly content: Content; readonly options: PublishOptions },
): Promise<PublishReceipt> {
  const result = await delivery.publish({ to, ...encodeContent(content), ...options });
  if (result.status === 'refused')
    throw new ProtocolError(result.code, undefined, { retryAfterMs: result.retryAfterMs });
  const { id, sequence, durability, status } = result;
  return { id, sequence, durability, isDuplicate: status === 'duplicate' };
}
