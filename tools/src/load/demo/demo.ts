/** `--demo`: fills a server with sample data and says what to look at. */
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ProtocolError } from '@sealane/shared/errors';
import { atExit } from '../../ending/at-exit.ts';
import type { LoadOptions } from '../options.ts';
import { checkReachable } from '../server/check-reachable.ts';
import { StartedServer } from '../server/started-server.ts';
import { DemoFleet } from './demo-fleet.ts';
import { DemoPeople } from './demo-people.ts';

const SUFFIX_BYTES = 2;
const MEASURE_MS = 500;

/** A server that was started for it stays, with its sensors at work, until `stop`. */
export async function runDemo(options: LoadOptions, stop: AbortSignal): Promise<void> {
  if (options.server !== undefined) await checkReachable(options.server);
  const started = options.server === undefined ? await StartedServer.start(options) : undefined;
  const host = options.server?.host ?? '127.0.0.1';
  const port = options.server?.port ?? started?.port ?? 0;
  const serverKey = options.serverKey ?? started?.fingerprint;
  const target = { host, port, serverKey };
  const suffix = randomBytes(SUFFIX_BYTES).toString('hex');
  const fleet = new DemoFleet(target, suffix);
  const folder = mkdtempSync(join(tmpdir(), 'sealane-demo-'));
  const people = new DemoPeople(target, suffix, folder);
  let isTalk = false;
  const removeFolder = atExit(() => {
    // On another server the people stay, and so do their keys.
    if (started !== undefined || !isTalk) rmSync(folder, { recursive: true, force: true });
  });
  try {
    console.log(`Filling ${host}:${port} …`);
    await fleet.fill();
    isTalk = await talkIfPossible(people);
    console.log(whatToLookAt(fleet, started));
    if (isTalk) console.log(whatTheyWrote(people, `${host}:${port}`, started === undefined));
    if (started !== undefined) console.log('\nThe sensors go on, until Ctrl-C ends the server and removes its data.');
    while (started !== undefined && !stop.aborted) {
      await fleet.measure();
      await sleep(MEASURE_MS, undefined, { signal: stop }).catch(() => undefined);
    }
  } finally {
    await people.close();
    await fleet.close();
    await started?.end();
    removeFolder();
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
  return lines.join('\n');
}

/** @returns false where the server has no messages, or takes no strangers. */
async function talkIfPossible(people: DemoPeople): Promise<boolean> {
  try {
    await people.talk();
    return true;
  } catch (error) {
    const isMissing = error instanceof ProtocolError && /^E_(NO_MESSAGING|REGISTRATION_CLOSED|TOKEN_)/.test(error.code);
    if (!isMissing) throw error;
    console.log(`No messages on this server: ${error.message}`);
    return false;
  } finally {
    await people.close();
  }
}

function whatTheyWrote(people: DemoPeople, server: string, stays: boolean): string {
  const agent = (command: string): string =>
    `  npx sealane-agent ${command} --server ${server} --data-dir ${people.directory('ben')}`;
  return [
    '',
    `${people.name('ada')} and ${people.name('ben')} wrote to each other, sealed end to end; this is what the second one has:`,
    '',
    agent('message list'),
    agent('group list'),
    agent(`verify ${people.name('ada')}`),
    ...(stays
      ? ['', `Their keys stay in ${people.directory('ben').replace(/\/ben$/, '')} until you remove them.`]
      : []),
  ].join('\n');
}
