// Jest global setup: builds the programs that tests start; see `program-words.ts` of @sealane/node/testing.
import { execFileSync } from 'node:child_process';
import { resolve } from 'node:path';

export default () => {
  const folder = execFileSync(process.execPath, ['tools/src/build/test-programs.ts'], { encoding: 'utf8' });
  process.env.TEST_PROGRAMS = resolve(folder.trim());
};
