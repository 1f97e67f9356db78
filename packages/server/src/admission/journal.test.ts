import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Journal } from './journal.ts';

let directory = '';
let file = '';
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'sealane-journal-'));
  file = join(directory, 'agents.jsonl');
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

function open(): { readonly journal: Journal; readonly records: unknown[] } {
  const records: unknown[] = [];
  return { journal: Journal.open(file, { read: (record) => records.push(record) }), records };
}

async function written(...values: number[]): Promise<void> {
  const { journal } = open();
  await Promise.all(values.map((value) => journal.append({ value })));
  await journal.close();
}

describe('Journal', () => {
  it('rule 5: what was appended is there after a new start, in order', async () => {
    await written(1, 2, 3);
    await written(4);
    expect(open().records).toEqual([{ value: 1 }, { value: 2 }, { value: 3 }, { value: 4 }]);
  });

  it('rule 5: a line is in the file when the promise resolves, and pending tells of it until then', async () => {
    const { journal } = open();
    expect(journal.pending).toBeUndefined();
    const done = journal.append({ value: 7 });
    expect(journal.pending).toBeDefined();
    await done;
    expect(readFileSync(file, 'utf8')).toContain('"value":7');
    await journal.close();
    expect(journal.pending).toBeUndefined();
  });

  it('S5: a torn last line is cut off at every length, and what follows is whole', async () => {
    await written(1, 2);
    const whole = readFileSync(file);
    const firstLine = whole.indexOf(0x0a) + 1;
    for (let size = firstLine; size < whole.length; size++) {
      writeFileSync(file, whole.subarray(0, size));
      const { journal, records } = open();
      expect(records).toEqual([{ value: 1 }]);
      await journal.append({ value: 3 });
      await journal.close();
      expect(open().records).toEqual([{ value: 1 }, { value: 3 }]);
    }
  });

  it('S5, D12: any flipped bit is an error that names file and line', async () => {
    await written(1, 2, 3);
    const whole = readFileSync(file);
    for (let offset = 0; offset < whole.length - 1; offset++) {
      const flipped = Uint8Array.from(whole);
      flipped[offset]! ^= 0x04;
      writeFileSync(file, flipped);
      expect(open).toThrow(expect.objectContaining({ code: 'E_DATA' }));
      expect(open).toThrow(new RegExp(`${file}.*line [123]`));
    }
  });

  it('D12: a foreign file is an error', () => {
    appendFileSync(file, 'hello\n');
    expect(open).toThrow(/line 1/);
  });

  it('rewrite replaces everything, and appends go on', async () => {
    await written(1, 2);
    const { journal } = open();
    journal.rewrite([{ value: 9 }]);
    await journal.append({ value: 10 });
    await journal.close();
    expect(open().records).toEqual([{ value: 9 }, { value: 10 }]);
  });
});
