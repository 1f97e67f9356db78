/** Tables of the engine, and fields of their rows with the types that they must have. */
import { StorageError } from '@sealane/shared/errors';
import type { Row } from '../storage/index.ts';

export const TABLES = {
  /** [group]: how far this device is. */
  groups: 'mls.groups',
  /** [group]: the cold part of the present epoch, for commits only. */
  states: 'mls.states',
  /** [group, epoch]: what reading and writing messages of an epoch takes, but for the ratchets. */
  epochs: 'mls.epochs',
  /** [group, epoch, kind, leaf]: the hot part, one small row for each sender. */
  ratchets: 'mls.ratchets',
  /** [group]: a commit that the server has not answered. */
  pending: 'mls.pending',
  /** [reference]: key packages with their private parts. */
  keyPackages: 'mls.keyPackages',
  /** [group, account, agent]: devices that this one saw removed. */
  removed: 'mls.removed',
} as const;

export function bytesOf(row: Row, name: string): Uint8Array {
  const value = row[name];
  if (!(value instanceof Uint8Array)) throw damaged(name);
  return value;
}

export function numberOf(row: Row, name: string): number {
  const value = row[name];
  if (typeof value !== 'number') throw damaged(name);
  return value;
}

export function textOf(row: Row, name: string): string {
  const value = row[name];
  if (typeof value !== 'string') throw damaged(name);
  return value;
}

export function optionalBytesOf(row: Row, name: string): Uint8Array | undefined {
  return row[name] === null ? undefined : bytesOf(row, name);
}

function damaged(name: string): StorageError {
  return new StorageError('E_DATA', `a row of the message database has no valid field "${name}"`);
}
