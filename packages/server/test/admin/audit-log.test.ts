import { appendFileSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { silentLogger } from '@sealane/node/log';
import { AuditLog, LimitedNotes, verifyAudit } from '../../src/audit/index.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'sealane-audit-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

function open(fileBytesMax = 1_000_000): AuditLog {
  return new AuditLog(directory, { log: silentLogger, wallClock: () => 0, fileBytesMax });
}

async function note(count: number, fileBytesMax?: number): Promise<void> {
  const audit = open(fileBytesMax);
  for (let index = 0; index < count; index++) {
    audit.note('something', { index });
    await audit.flush();
  }
  await audit.close();
}

describe('the audit log', () => {
  it('G7: goes on in the same chain after a restart and through full files', async () => {
    await note(3, 500);
    await note(20, 500);
    const files = readdirSync(directory);
    expect(files.length).toBeGreaterThan(3);
    const verdict = await verifyAudit(directory);
    expect(verdict.broken).toBeUndefined();
    expect(verdict).toMatchObject({ files: files.length, last: { number: verdict.lines } });
    expect(verdict.lines).toBeGreaterThanOrEqual(23);
  });

  it('G7: a full file that is missing, or changed, is found', async () => {
    await note(20, 500);
    const [first = '', second = ''] = readdirSync(directory)
      .filter((name) => name !== 'audit.jsonl')
      .sort();
    const text = readFileSync(join(directory, second), 'utf8');
    writeFileSync(join(directory, second), text.replace('"index":', '"indes":'));
    expect((await verifyAudit(directory)).broken).toMatchObject({ file: second });
    rmSync(join(directory, second));
    expect((await verifyAudit(directory)).broken).toMatchObject({ line: 1 });
    writeFileSync(join(directory, second), text);
    rmSync(join(directory, first));
    expect((await verifyAudit(directory)).broken).toBeUndefined();
  });

  it('a line torn by a crash is cut off, and that is told', async () => {
    await note(2);
    appendFileSync(join(directory, 'audit.jsonl'), '{"number":3,"at":"19');
    await note(1);
    expect(await verifyAudit(directory)).toMatchObject({ lines: 4, broken: undefined });
    expect(readFileSync(join(directory, 'audit.jsonl'), 'utf8')).toContain('"action":"audit-line-torn"');
  });

  it('entries that strangers cause are limited, and those left out are counted', async () => {
    const noted: unknown[] = [];
    let now = 0;
    const notes = new LimitedNotes({ note: (action, fields) => noted.push({ action, ...fields }) }, () => now);
    for (let turn = 0; turn < 15; turn++) notes.note('refused');
    expect(noted).toHaveLength(10);
    now = 60_000;
    notes.note('refused');
    expect(noted.at(-1)).toEqual({ action: 'refused', leftOutBefore: 5 });
  });
});
