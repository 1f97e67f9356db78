/** Every supported release talks to the present source, in both roles (docs/protocols/versions.md §5). */
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, describe, expect, it } from '@jest/globals';
import { programWords } from '@sealane/node/testing';

const root = join(import.meta.dirname, '..', '..');
const releases = join(root, 'tools', 'fixtures', 'releases');
const versions = readdirSync(releases, { withFileTypes: true }).flatMap((entry) =>
  entry.isDirectory() ? entry.name : [],
);

/** How the programs of one build are started. */
interface Build {
  readonly server: readonly string[];
  readonly agent: readonly string[];
}

const present: Build = { server: programWords('server'), agent: programWords('agent') };
const released = (version: string): Build => ({
  server: [join(releases, version, 'server.js')],
  agent: [join(releases, version, 'agent.js')],
});

const folders: string[] = [];
const children: ChildProcess[] = [];

afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

function start(command: readonly string[], ...args: string[]): { child: ChildProcess; lines: AsyncIterator<string> } {
  const child = spawn(process.execPath, [...command, ...args, '--json'], { stdio: ['ignore', 'pipe', 'ignore'] });
  children.push(child);
  return { child, lines: createInterface(child.stdout)[Symbol.asyncIterator]() };
}

async function nextEvent(lines: AsyncIterator<string>): Promise<Record<string, unknown>> {
  const next = await lines.next();
  if (next.done === true) return { event: 'end of output' };
  return JSON.parse(next.value) as Record<string, unknown>;
}

async function hello(server: Build, agent: Build, suites: string): Promise<string[]> {
  const folder = mkdtempSync(join(tmpdir(), 'sealane-versions-'));
  folders.push(folder);
  const served = start(
    server.server,
    'serve',
    '--host',
    '127.0.0.1',
    '--port',
    '0',
    '--data-dir',
    join(folder, 'server'),
    '--suites',
    suites,
  );
  const { port } = await nextEvent(served.lines);
  const asked = start(
    agent.agent,
    'start',
    '--server',
    `127.0.0.1:${String(port)}`,
    '--data-dir',
    join(folder, 'agent'),
    '--suites',
    suites,
  );
  const events: string[] = [];
  for (let event = await nextEvent(asked.lines); ; event = await nextEvent(asked.lines)) {
    events.push(String(event['event']));
    if (event['event'] === 'closed' || event['event'] === 'error' || event['event'] === 'end of output') return events;
  }
}

const EXPECTED = ['connected', 'reply', 'reply', 'reply', 'reply', 'reply', 'closed'];

describe('O6: releases and the present source', () => {
  it('at least one release is kept', () => {
    expect(versions.length).toBeGreaterThan(0);
  });

  it.each(versions.flatMap((version) => ['pq', 'any'].map((suites) => [version, suites] as const)))(
    'release %s with suites %s talks to the present one in both roles',
    async (version, suites) => {
      expect(await hello(present, released(version), suites)).toEqual(EXPECTED);
      expect(await hello(released(version), present, suites)).toEqual(EXPECTED);
    },
    60_000,
  );
});
