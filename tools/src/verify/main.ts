/**
 * `npm run verify`: everything CI checks. First the quick checks, side by side; with a failure they are the last. Then the tests.
 * Beside both the simulation, and then what takes the time that is left.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { constants, setPriority } from 'node:os';

const { PRIORITY_NORMAL, PRIORITY_BELOW_NORMAL, PRIORITY_LOW } = constants.priority;

type Step = readonly [name: string, command: string];

const SIMULATION =
  'exec node --import ./packages/node/src/require-node.js --conditions=@sealane/source tools/src/sim/main.ts';

const CHECKS: readonly Step[] = [
  ['format', 'npm run --silent format:check'],
  ['tidy', 'npm run --silent tidy'],
  ['boundaries', 'npm run --silent boundaries'],
  ['generated files', 'npm run --silent codegen:check'],
  // One after the other: both write declarations.
  ['types and build', 'npm run --silent typecheck && npm run --silent build'],
];
/** Of what was built. */
const PACKAGES: Step = ['published packages', 'npm run --silent packages:check'];
const TESTS: Step = ['tests', 'npm test --silent'];
/** It has a limit, 90 s: it computes on a core of its own, and everything else has the other for that minute. */
const SIMULATED: Step = ['simulation', `${SIMULATION} --seeds 500`];
/** One after the other, in the time that the tests leave while they wait for timeouts and disks. */
const BESIDE_TESTS: readonly Step[] = [
  ['lint', 'npm run --silent lint'],
  ['dead code', 'npm run --silent knip'],
];

const seconds = (sinceMs: number): string => `${((performance.now() - sinceMs) / 1000).toFixed(1)} s`;

/** What a step says is shown when it is over, or at once with `aloud`. */
interface Manner {
  readonly aloud?: boolean;
  /** Of the whole step, below that of others (`os.constants.priority`). */
  readonly priority?: number;
}

/** What is under way. */
const children = new Set<ChildProcess>();

function run([name, command]: Step, { aloud = false, priority = PRIORITY_NORMAL }: Manner = {}): Promise<void> {
  const startedMs = performance.now();
  if (aloud) console.log(`\n── ${name}: ${command}`);
  const child = spawn(command, { shell: true, stdio: aloud ? 'inherit' : ['ignore', 'pipe', 'pipe'] });
  if (child.pid !== undefined && priority !== PRIORITY_NORMAL) setPriority(child.pid, priority);
  children.add(child);
  const said: Buffer[] = [];
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk: Buffer) => void said.push(chunk));
  return new Promise((resolve) => {
    child.on('close', (status) => {
      children.delete(child);
      const text = Buffer.concat(said).toString().trimEnd();
      if (!aloud) console.log(`\n── ${name}: ${command}\n${text}`.trimEnd());
      const isOk = status === 0;
      console.log(`── ${name}: ${isOk ? 'ok' : 'FAILED'} in ${seconds(startedMs)}`);
      if (!isOk) failed.push({ name, text });
      resolve();
    });
  });
}

async function runBeside(checks: Promise<unknown>): Promise<void> {
  await run(SIMULATED);
  await checks;
  for (const step of BESIDE_TESTS) await run(step, { priority: PRIORITY_LOW });
}

function endIfFailed(): void {
  if (failed.length === 0) return;
  // Again: the tests have said much since.
  for (const { name, text } of failed) if (text !== '') console.error(`\n── ${name}, FAILED, said:\n${text}`);
  console.error(`verify: ${failed.map(({ name }) => `"${name}"`).join(', ')} failed after ${seconds(startedMs)}`);
  for (const child of children) child.kill();
  process.exit(1);
}

const startedMs = performance.now();
const failed: { readonly name: string; readonly text: string }[] = [];
const checks = Promise.all(CHECKS.map((step) => run(step))).then(() =>
  failed.length === 0 ? run(PACKAGES) : undefined,
);
const beside = runBeside(checks);
await checks;
endIfFailed();
await Promise.all([run(TESTS, { aloud: true, priority: PRIORITY_BELOW_NORMAL }), beside]);
endIfFailed();
console.log(`verify: all ${CHECKS.length + 3 + BESIDE_TESTS.length} steps ok in ${seconds(startedMs)}`);
