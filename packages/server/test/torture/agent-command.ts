/** Words that run the `sealane-agent` command from its sources, for tests. Not part of the product. */
import { fileURLToPath } from 'node:url';

const MAIN = fileURLToPath(new URL('../../../agent/src/main.ts', import.meta.url));

export const AGENT_COMMAND: readonly string[] = [process.execPath, '--conditions=@sealane/source', MAIN];
