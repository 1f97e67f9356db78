/** Ids of messages, as they are typed. */
import { fromHex } from '@sealane/shared/bytes';
import { ConfigError, type SealaneError } from '@sealane/shared/errors';
import { MESSAGE_ID_BYTES } from '@sealane/shared/packets';
import { explained } from '@sealane/node/config';

/** @returns the error for a message that is not here. */
export function unknownMessage(id: string): SealaneError {
  return explained(new ConfigError('E_USAGE', `There is no message ${JSON.stringify(id)} on this device`), {
    why: 'Messages are named by their ids of 32 digits.',
    next: 'See the ids with `message list --json`.',
  });
}

/** @throws ConfigError `E_USAGE` for what is no id of a message. */
export function messageIdOf(text: string): Uint8Array {
  const bytes = fromHex(text);
  if (bytes?.length === MESSAGE_ID_BYTES) return bytes;
  throw new ConfigError('E_USAGE', `${JSON.stringify(text)} is no id of a message`);
}
