/** `--demo`: fills a server with sample data and says what to look at. */
import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { LoadOptions } from '../options.ts';
import { checkReachable } from '../server/check-reachable.ts';
import { StartedServer } from '../server/started-server.ts';
import { DemoFleet } from './demo-fleet.ts';

const SUFFIX_BYTES = 2;
const MEASURE_MS = 500;

/** A server that was started for it stays, with its sensors at work, until `stop`. */
export async function runDemo(options: LoadOptions, stop: AbortSignal): Promise<void> {
  if (options.server !== undefined) await checkReachable(options.server);
  const started = options.server === undefined ? await StartedServer.start(options) : undefined;
  const host = options.server?.host ?? '127.0.0.1';
  const port = options.server?.port ?? started?.port ?? 0;
  const serverKey = options.serverKey ?? started?.fingerprint;
  const fleet = new DemoFleet({ host, port, serverKey }, randomBytes(SUFFIX_BYTES).toString('hex'));
  try {
    console.log(`Filling ${host}:${port} …`);
    await fleet.fill();
    console.log(whatToLookAt(fleet, started));
    while (started !== undefined && !stop.aborted) {
      await fleet.measure();
      await sleep(MEASURE_MS, undefined, { signal: stop }).catch(() => undefined);
    }
  } finally {
    await fleet.close();
    await started?.end();
  }
}

function whatToLookAt(fleet: DemoFleet, started: StartedServer | undefined): string {
  const where = started === undefined ? '' : ` --data-dir ${started.dataDirectory}`;
  const server = (command: string): string => `  npx sealane-server ${command}${where}`;
  const lines = [
    '',
    `Its agents are named …-${fleet.name('').slice(1)}: sensors in three cities, a dashboard, an archive of two that share`,
    `their work. ${fleet.name('printer')} fails at everything: three dead letters. ${fleet.name('truck')} is away: 25 events`,
    'wait for it, and one more comes in ten minutes.',
    '',
    `What to look at, in another terminal, here${started === undefined ? ' (where its data are: --data-dir)' : ''}:`,
    '',
    server('status'),
    server('agents list'),
    server('events'),
    server('dlq list'),
    server('usage'),
    server('top'),
  ];
  const { adminPort } = started ?? {};
  if (typeof adminPort === 'number') lines.push(`  curl http://127.0.0.1:${adminPort}/metrics`);
  if (started !== undefined) lines.push('', 'The sensors go on, until Ctrl-C ends the server and removes its data.');
  return lines.join('\n');
}
