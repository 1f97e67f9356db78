/**
 * `npm run verify`: everything CI checks, cheapest first. Steps of one group run side by side; what a step says is shown
 * when it is over. The first group with a failure is the last one. The tests are alone: they measure time.
 */
import { spawn } from 'node:child_process';

type Step = readonly [name: string, command: string];

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
    ['simulation', `${SIMULATION} --first-seed 1 --seeds 250`],
    ['simulation, second half', `${SIMULATION} --first-seed 251 --seeds 250`],
  ],
  [['tests', 'npm test --silent']],
];

const seconds = (sinceMs: number): string => `${((performance.now() - sinceMs) / 1000).toFixed(1)} s`;

/** Runs a step. @param isAlone shows what it says as it says it. @returns whether all is well. */
function run([name, command]: Step, isAlone: boolean): Promise<boolean> {
  const startedMs = performance.now();
  if (isAlone) console.log(`\n── ${name}: ${command}`);
  const child = spawn(command, { shell: true, stdio: isAlone ? 'inherit' : ['ignore', 'pipe', 'pipe'] });
  const said: Buffer[] = [];
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk: Buffer) => void said.push(chunk));
  return new Promise((resolve) => {
    child.on('close', (status) => {
      if (!isAlone) console.log(`\n── ${name}: ${command}\n${Buffer.concat(said).toString()}`.trimEnd());
      console.log(`── ${name}: ${status === 0 ? 'ok' : 'FAILED'} in ${seconds(startedMs)}`);
      resolve(status === 0);
    });
  });
}

const startedMs = performance.now();
for (const group of groups) {
  const ends = await Promise.all(group.map((step) => run(step, group.length === 1)));
  const failed = group.filter((_, index) => ends[index] !== true);
  if (failed.length === 0) continue;
  console.error(`verify: ${failed.map(([name]) => `"${name}"`).join(', ')} failed after ${seconds(startedMs)}`);
  process.exit(1);
}
console.log(`verify: all ${groups.flat().length} steps ok in ${seconds(startedMs)}`);
