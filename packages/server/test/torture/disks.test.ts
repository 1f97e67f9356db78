/** The whole server on a disk that fills up, and on one that loses its power. Mounting needs root; else skipped, visibly. */
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  AgentPrograms,
  Load,
  RunLog,
  SmallDisk,
  canLosePower,
  canMount,
  makeImage,
  removeImage,
} from '@sealane/node/testing';
import { ServerProcess } from '../server-process.ts';
import { eventually } from '../eventually.ts';
import { adminApi } from './admin-api.ts';
import { AGENT_COMMAND } from './agent-command.ts';

jest.setTimeout(300_000);

const isRoot = canMount();
const canLoop = canLosePower();
if (!isRoot) console.warn('SKIPPED a full disk under a whole server: mounting a tmpfs needs root');
if (!canLoop) console.warn('SKIPPED power loss under a whole server: it needs root, losetup, mkfs.ext4 and python3');

const MIB = 1_048_576;
/** Below so much free space producers are refused. */
const FLOOR_BYTES = 256 * MIB;
const DISK = `${FLOOR_BYTES / MIB + 64}m`;
const LOSSES = 3;
/** Events are always on the way; what matters is the disk, not how much they are. */
const LINES_PER_SECOND = 200;
/** Events that show a load, or that it goes on. */
const SHOWS_LOAD = 50;

let agents: AgentPrograms;
let server: ServerProcess | undefined;
let disk: SmallDisk | undefined;

const flags = (adminPort = '0'): string[] => {
  const data = join(disk?.folder ?? '', 'data');
  return ['--data-dir', data, '--admin-port', adminPort, '--log-level', 'error'];
};

beforeEach(() => {
  agents = new AgentPrograms(AGENT_COMMAND);
});
afterEach(async () => {
  await agents.dispose();
  await server?.end('SIGKILL');
  disk?.remove();
  disk = undefined;
});

(isRoot ? describe : describe.skip)('a disk that fills up', () => {
  it('rule 6, S12: producers are refused before it is full, deliveries go on, it recovers by itself, nothing is lost', async () => {
    disk = SmallDisk.tmpfs(DISK);
    server = await ServerProcess.start(flags());
    const { port } = server;
    const admin = adminApi(server, join(disk.folder, 'data'));
    const log = new RunLog();
    const ear = await agents.listen(port, 'ear', ['--topic', 'load']);
    const load = new Load(agents, { ports: [port], log, to: [['--topic', 'load']], linesPerSecond: LINES_PER_SECOND });
    await ear.until('delivery', SHOWS_LOAD);
    ear.child.kill('SIGSTOP');
    const before = load.receipts;
    await eventually('a backlog', () => load.receipts > before + SHOWS_LOAD, 30_000);

    const ballast = disk.leaveFree(FLOOR_BYTES - MIB, 'ballast');
    for (let wait = 0; (await admin.ready()).status === 200 && wait < 100; wait++) await sleep(100);
    expect(await admin.ready()).toMatchObject({
      status: 503,
      body: { reasons: expect.arrayContaining(['disk-floor']) },
    });
    // Receipts of before may still be on their way.
    let refusedAt = -1;
    for (let look = 0; look < 5 && load.receipts !== refusedAt; look++) {
      refusedAt = load.receipts;
      await sleep(2_000);
    }
    expect(load.receipts).toBe(refusedAt);
    expect(disk.freeBytes).toBeGreaterThan(FLOOR_BYTES / 2);
    ear.child.kill('SIGCONT');
    await ear.until('delivery', refusedAt);

    // Others take the rest: not a byte is left.
    const rest = disk.leaveFree(0, 'rest');
    await sleep(3_000);
    expect(server.child.exitCode).toBeNull();
    rmSync(rest);
    rmSync(ballast);
    await ear.until('delivery', refusedAt + SHOWS_LOAD);
    expect((await admin.ready()).status).toBe(200);
    await server.end('SIGKILL');
    server = await ServerProcess.start(flags(), { port });
    const receipts = await load.end();
    await ear.until('delivery', receipts);
    log.deliveries('load', ear.lines);
    expect(log.check()).toEqual([]);
  });
});

(canLoop ? describe : describe.skip)('power loss', () => {
  it(`R1, S4: ${LOSSES} times the disk is gone under load: exit 74, and no receipt is lost`, async () => {
    const image = makeImage(2 * FLOOR_BYTES);
    try {
      disk = SmallDisk.image(image);
      server = await ServerProcess.start(flags('off'));
      const { port } = server;
      const log = new RunLog();
      const ear = await agents.listen(port, 'ear', ['--topic', 'load']);
      const load = new Load(agents, {
        ports: [port],
        log,
        to: [['--topic', 'load']],
        linesPerSecond: LINES_PER_SECOND,
      });
      for (let loss = 0; loss < LOSSES; loss++) {
        const before = load.receipts;
        await eventually('under load', () => load.receipts > before + SHOWS_LOAD, 60_000);
        disk.losePower();
        expect((await server.result).code).toBe(74);
        disk.remove();
        disk = SmallDisk.image(image);
        server = await ServerProcess.start(flags('off'), { port });
      }
      const receipts = await load.end();
      await ear.until('delivery', receipts);
      log.deliveries('load', ear.lines);
      expect(log.check()).toEqual([]);
      await server.end('SIGKILL');
      disk.remove();
      disk = undefined;
    } finally {
      removeImage(image);
    }
  });
});
