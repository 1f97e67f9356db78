// Style as a test: leftover markers, focused tests, machine paths, long lines and files, unmarked generated files,
// empty files. Reads what git tracks or would track, and fails with one line per finding.
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { checkFile } from './tidy-rules.ts';

const paths = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
  encoding: 'utf8',
})
  .split('\0')
  .filter((path) => path !== '' && existsSync(path));

const findings = paths.flatMap((path) =>
  checkFile(path, readFileSync(path)).map(({ line, message }) => `${path}:${line}: ${message}`),
);

for (const finding of findings) console.error(finding);
console.log(`tidy: ${paths.length} files, ${findings.length} findings`);
process.exitCode = findings.length === 0 ? 0 : 1;
