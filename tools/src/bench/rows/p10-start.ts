/**
 * P10: time from the start of the bundled program to its line "listening", and the size of the bundle. An empty Node.js
 * program that listens runs beside it: what is below that is not ours to save.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { atExit } from '../../ending/at-exit.ts';
import { temporaryFolder } from '../../ending/temporary-folder.ts';
import { median } from '../report/statistics.ts';
import { OURS, type Figures, type Series } from './series.ts';

const BUNDLE = 'packages/server/dist/main.js';
const KIBIBYTE = 1_024;
const BARE = "require('node:net').createServer().listen(0, () => console.log('listening'))";

/** Milliseconds until the program says that it listens; it is ended then. */
async function startMs(args: readonly string[]): Promise<number> {
  const startedAt = performance.now();
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const kill = atExit(() => child.kill('SIGKILL'));
  const exited = once(child, 'exit');
  let text = '';
  for await (const chunk of child.stdout) {
    text += String(chunk);
    if (text.includes('listening')) break;
  }
  const ms = performance.now() - startedAt;
  kill();
  await exited;
  if (!text.includes('listening')) throw new Error(`the program ended without listening: ${text}`);
  return ms;
}

async function startsMs(args: readonly string[], count: number): Promise<number> {
  const all: number[] = [];
  for (let index = 0; index < count; index++) all.push(await startMs(args));
  return median(all);
}

async function measureBundle(starts: number): Promise<Figures> {
  if (!existsSync(BUNDLE)) throw new Error(`there is no ${BUNDLE}: run "npx nx run server:build" first`);
  const folder = temporaryFolder('sealane-bench-');
  const args = [
    BUNDLE,
    'serve',
    '--host',
    '127.0.0.1',
    '--port',
    '0',
    '--data-dir',
    join(folder.path, 'data'),
    '--json',
  ];
  try {
    // The first start makes the key.
    await startMs(args);
    return { start: await startsMs(args, starts), bundle: statSync(BUNDLE).size / KIBIBYTE };
  } finally {
    folder.remove();
  }
}

export const start: readonly Series[] = [
  {
    row: 'P10',
    variant: 'start to listening',
    figures: [
      { name: 'start', unit: 'ms' },
      { name: 'bundle', unit: 'KiB' },
    ],
    participants: [
      { name: OURS, contender: undefined, measure: ({ startsPerRun }) => measureBundle(startsPerRun) },
      {
        name: 'bare node',
        contender: undefined,
        measure: async ({ startsPerRun }) => ({ start: await startsMs(['-e', BARE], startsPerRun), bundle: 0 }),
      },
    ],
    aims: [{ figure: 'start', relation: 'at most', value: 300 }],
  },
];
