import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { rowsAtOnce } from './rows-at-once.ts';

let folder: string;
let file: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sealane-rows-'));
  file = join(folder, 'some.sqlite');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const NUMBERS = 'SELECT number FROM numbers WHERE number > ?';

function made(): DatabaseSync {
  const database = new DatabaseSync(file);
  database.exec(
    'PRAGMA journal_mode = WAL; CREATE TABLE numbers (number INTEGER); INSERT INTO numbers VALUES (1), (2)',
  );
  return database;
}

describe('rowsAtOnce', () => {
  it('reads what was committed, while another process writes and when nobody does', () => {
    const writing = made();
    writing.exec('BEGIN IMMEDIATE; INSERT INTO numbers VALUES (3)');
    expect(rowsAtOnce(file, NUMBERS, [1])?.map(({ number }) => number)).toEqual([2]);
    writing.exec('COMMIT');
    writing.close();
    expect(rowsAtOnce(file, NUMBERS, [1])?.map(({ number }) => number)).toEqual([2, 3]);
  });

  it('S1: waits for no lock', () => {
    const database = made();
    database.exec('PRAGMA locking_mode = EXCLUSIVE; INSERT INTO numbers VALUES (3)');
    database.close();
    const holder = new DatabaseSync(file);
    holder.exec('PRAGMA locking_mode = EXCLUSIVE; INSERT INTO numbers VALUES (4)');
    expect(rowsAtOnce(file, NUMBERS, [1])).toBeUndefined();
    holder.close();
    expect(rowsAtOnce(file, NUMBERS, [1])).toHaveLength(3);
  });

  it('S5: makes no file, and reads none that is damaged or another one', () => {
    expect(rowsAtOnce(file, NUMBERS, [1])).toBeUndefined();
    expect(readdirSync(folder)).toEqual([]);
    writeFileSync(file, 'not a database at all, whatever its length');
    expect(rowsAtOnce(file, NUMBERS, [1])).toBeUndefined();
    rmSync(file);
    made().close();
    expect(rowsAtOnce(file, 'SELECT * FROM letters', [])).toBeUndefined();
  });
});
