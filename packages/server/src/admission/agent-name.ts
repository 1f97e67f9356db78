/** Ids and instances of agents: letters, digits and a few marks, so that they are safe in logs, patterns and `agent:ID`. */
import { utf8Encode } from '@sealane/shared/bytes';
import { AGENT_ID_BYTES_MAX } from '@sealane/shared/packets';

const NAME = /^[\p{L}\p{N}][\p{L}\p{N}._@:/+-]*$/u;

/** Whether a text may be the id or the instance of an agent. */
export function isAgentName(text: string): boolean {
  return NAME.test(text) && utf8Encode(text).length <= AGENT_ID_BYTES_MAX;
}
