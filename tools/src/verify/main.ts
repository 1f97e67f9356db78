// `npm run verify`: everything CI checks, cheapest first, stopping at the first failure.
import { spawnSync } from 'node:child_process';

const steps: readonly (readonly [name: string, command: string])[] = [
  ['format', 'npm run --silent format:check'],
  ['tidy', 'npm run --silent tidy'],
  ['boundaries', 'npm run --silent boundaries'],
  ['types', 'npm run --silent typecheck'],
  ['generated files', 'npm run --silent codegen:check'],
  ['lint', 'npm run --silent lint'],
  ['tests', 'npm test --silent'],
  ['build', 'npm run --silent build'],
  ['published packages', 'npm run --silent packages:check'],
  ['dead code', 'npm run --silent knip'],
];

const seconds = (sinceMs: number): string => `${((performance.now() - sinceMs) / 1000).toFixed(1)} s`;

const startedMs = performance.now();
for (const [name, command] of steps) {
  const stepStartedMs = performance.now();
  console.log(`\n── ${name}: ${command}`);
  const { status } = spawnSync(command, { shell: true, stdio: 'inherit' });
  if (status !== 0) {
    console.error(`verify: "${name}" failed after ${seconds(stepStartedMs)} (${command})`);
    process.exit(1);
  }
  console.log(`── ${name}: ok in ${seconds(stepStartedMs)}`);
}
console.log(`verify: all ${steps.length} steps ok in ${seconds(startedMs)}`);
