/** encodedContent: a content as it is sealed; what the user gave too much of, or too little, is said as such. */
import { ConfigError } from '@sealane/shared/errors';
import { encodeContent, type Content } from '@sealane/e2ee/content';
import { explained } from '@sealane/node/config';

/** @throws ConfigError `E_USAGE` for what no message can hold. */
export function encodedContent(content: Content): Uint8Array {
  try {
    return encodeContent(content);
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause;
    throw explained(new ConfigError('E_USAGE', `This cannot be sent: ${cause.message}`, { cause }), {
      why: 'A message holds so much and no more; longer texts go as a file.',
    });
  }
}
