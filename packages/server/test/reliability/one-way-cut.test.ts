/** Ways cut in one direction by the kernel itself: what liveness.test.ts shows with a relay, with TCP's own packets lost. */
import { fileURLToPath } from 'node:url';
import { describe, expect, it, jest } from '@jest/globals';
import { canIsolate, runIsolated } from './namespace.ts';
import type { CutReport } from './one-way-cut.ts';

jest.setTimeout(40_000);

const PROGRAM = fileURLToPath(new URL('one-way-cut.ts', import.meta.url));
const isPossible = canIsolate('the one-way cut by the kernel (B5)', ['nft']);

describe('a way that is cut in one direction', () => {
  // The side that hears nothing says so where it can: the other one then knows without having waited itself.
  (isPossible ? it.concurrent : it.skip)('B5: only packets to the agent are lost: both sides end in time', async () => {
    const report = (await runIsolated(PROGRAM, ['to-agent'])) as CutReport;
    expect(report.agent).toMatchObject({ reason: 'failed', code: 'E_IDLE', byPeer: false });
    expect(report.disconnected).toEqual({ E_IDLE: 1 });
    expect(report.droppedPackets).toBeGreaterThan(0);
    expect(Math.max(report.agentMs, report.serverMs)).toBeLessThan(8_000);
    expect(report.neighbourIsOpen).toBe(true);
  });

  (isPossible ? it.concurrent : it.skip)(
    'B5: only packets to the server are lost: both sides end in time',
    async () => {
      const report = (await runIsolated(PROGRAM, ['to-server'])) as CutReport;
      expect(report.agent).toMatchObject({ code: 'E_IDLE' });
      expect(report.disconnected).toEqual({ E_IDLE: 1 });
      expect(report.droppedPackets).toBeGreaterThan(0);
      expect(Math.max(report.agentMs, report.serverMs)).toBeLessThan(8_000);
      expect(report.neighbourIsOpen).toBe(true);
    },
  );
});
