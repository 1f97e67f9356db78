// Jest global setup: builds the programs that tests start; see `program-words.ts` of @sealane/node/testing. Where TEST_PROGRAMS is
// set already, even to nothing, tests start what is there, or the sources.
import { execFileSync } from 'node:child_process';
import { resolve } from 'node:path';

export default () => {
  if (process.env.TEST_PROGRAMS !== undefined) return;
  const folder = execFileSync(process.execPath, ['tools/src/build/test-programs.ts'], { encoding: 'utf8' });
  process.env.TEST_PROGRAMS = resolve(folder.trim());
};
