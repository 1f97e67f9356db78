/** Words that run the `sealane-agent` command, for tests. Not part of the product. */
import { programWords } from '@sealane/node/testing';

export const AGENT_COMMAND: readonly string[] = [process.execPath, ...programWords('agent')];
