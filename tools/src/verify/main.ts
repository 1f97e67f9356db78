/**
 * `npm run verify`: everything CI checks, cheapest first. Steps of one group run side by side; what a step says is shown
 * when it is over, the tests say it at once. The first group with a failure is the last one. Beside the tests, which measure time,
 * runs only what takes the time that they leave.
 */
import { spawn } from 'node:child_process';
import { constants, setPriority } from 'node:os';

type Step = readonly [name: string, command: string, manner?: 'aloud' | 'in spare time'];

const SIMULATION =
  'node --import ./packages/node/src/require-node.js --conditions=@sealane/source tools/src/sim/main.ts';

const groups: readonly (readonly Step[])[] = [
  [
    ['format', 'npm run --silent format:check'],
    ['tidy', 'npm run --silent tidy'],
    ['boundaries', 'npm run --silent boundaries'],
    ['types', 'npm run --silent typecheck'],
    ['generated files', 'npm run --silent codegen:check'],
  ],
  [
    ['lint', 'npm run --silent lint'],
    ['build and published packages', 'npm run --silent build && npm run --silent packages:check'],
    ['dead code', 'npm run --silent knip'],
  ],
  [
    ['tests', 'npm test --silent', 'aloud'],
    ['simulation', `${SIMULATION} --seeds 500`, 'in spare time'],
  ],
];

const seconds = (sinceMs: number): string => `${((performance.now() - sinceMs) / 1000).toFixed(1)} s`;

/** Runs a step. @returns whether all is well. */
function run([name, command, manner]: Step): Promise<boolean> {
  const startedMs = performance.now();
  const isAloud = manner === 'aloud';
  if (isAloud) console.log(`\n── ${name}: ${command}`);
  const child = spawn(command, { shell: true, stdio: isAloud ? 'inherit' : ['ignore', 'pipe', 'pipe'] });
  if (manner === 'in spare time' && child.pid !== undefined) setPriority(child.pid, constants.priority.PRIORITY_LOW);
  const said: Buffer[] = [];
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk: Buffer) => void said.push(chunk));
  return new Promise((resolve) => {
    child.on('close', (status) => {
      if (!isAloud) console.log(`\n── ${name}: ${command}\n${Buffer.concat(said).toString()}`.trimEnd());
      console.log(`── ${name}: ${status === 0 ? 'ok' : 'FAILED'} in ${seconds(startedMs)}`);
      resolve(status === 0);
    });
  });
}

const startedMs = performance.now();
for (const group of groups) {
  const ends = await Promise.all(group.map(run));
  const failed = group.filter((_, index) => ends[index] !== true);
  if (failed.length === 0) continue;
  console.error(`verify: ${failed.map(([name]) => `"${name}"`).join(', ')} failed after ${seconds(startedMs)}`);
  process.exit(1);
}
console.log(`verify: all ${groups.flat().length} steps ok in ${seconds(startedMs)}`);
