/** Ids and instances of agents: letters, digits and a few marks, so that they are safe in logs, patterns and `agent:ID`. */
import { utf8Encode } from '../bytes/index.ts';
import { TOKEN_AGENT_ID_BYTES_MAX } from './enrolment-token.ts';

const NAME = /^[\p{L}\p{N}][\p{L}\p{N}._@:/+-]*$/u;

/** What an agent name may be, for messages. */
export const AGENT_NAME_RULE = `at most ${TOKEN_AGENT_ID_BYTES_MAX} bytes: letters, digits and . _ @ : / + -, beginning with a letter or digit`;

/** Whether a text may be the id or the instance of an agent: 1 to 64 bytes. */
export function isAgentName(text: string): boolean {
  return NAME.test(text) && utf8Encode(text).length <= TOKEN_AGENT_ID_BYTES_MAX;
}
