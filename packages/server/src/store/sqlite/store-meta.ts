/** Identity of a store and where its last checkpoint stands, as one row of the file, sealed twice. */
import { randomFillSync } from 'node:crypto';
import type { DatabaseSync } from 'node:sqlite';
import type { CheckpointMark } from '../log/log-device.ts';
import { RecordReader } from '../log/record-reader.ts';
import { RecordWriter } from '../log/record-writer.ts';
import { openEither, sealTwice } from '../log/sealed-twice.ts';
import { StoreFault } from './fault.ts';

export interface StoreMeta {
  /** 16 bytes. */
  readonly lineage: Uint8Array;
  /** 8 bytes. */
  readonly idSecret: Uint8Array;
  readonly mark: CheckpointMark;
}

const LINEAGE_BYTES = 16;
const ID_SECRET_BYTES = 8;

/** Of a store that begins. */
export function newMeta(): StoreMeta {
  const mark = { replayFrom: 1, nextPosition: 1, nextEventSequence: 1, nextQueueIndex: 1, nextProducerIndex: 1 };
  return { lineage: newLineage(), idSecret: randomFillSync(new Uint8Array(ID_SECRET_BYTES)), mark };
}

export function newLineage(): Uint8Array {
  return randomFillSync(new Uint8Array(LINEAGE_BYTES));
}

export function encodeMeta({ lineage, idSecret, mark }: StoreMeta): Uint8Array {
  const writer = new RecordWriter(128);
  writer.bytes(lineage);
  writer.bytes(idSecret);
  writer.f64(mark.replayFrom);
  writer.f64(mark.nextPosition);
  writer.f64(mark.nextEventSequence);
  writer.f64(mark.nextQueueIndex);
  writer.f64(mark.nextProducerIndex);
  return sealTwice(writer.buffer.subarray(0, writer.length));
}

/** @throws StoreFault when there is none, or both copies are damaged. */
export function readMeta(database: DatabaseSync): StoreMeta {
  const data = database.prepare('SELECT data FROM meta').get()?.['data'];
  const opened = data instanceof Uint8Array ? openEither(data) : undefined;
  if (opened === undefined) throw new StoreFault('damaged', 'its identity is damaged');
  const reader = new RecordReader(opened.bytes);
  return {
    lineage: reader.bytes(LINEAGE_BYTES).slice(),
    idSecret: reader.bytes(ID_SECRET_BYTES).slice(),
    mark: {
      replayFrom: reader.f64(),
      nextPosition: reader.f64(),
      nextEventSequence: reader.f64(),
      nextQueueIndex: reader.f64(),
      nextProducerIndex: reader.f64(),
    },
  };
}

export function writeMeta(database: DatabaseSync, meta: StoreMeta): void {
  database.prepare('INSERT OR REPLACE INTO meta (id, data) VALUES (1, ?)').run(encodeMeta(meta));
}
