/**
 * DirectoryRecord: an entry of the transparency log (docs/protocols/messaging-formats.md §2), and its hash.
 *
 *     version 0x01 (1) ‖ accountId (32) ‖ username size (1) ‖ username ‖ count (u32) ‖ statementHash (32)
 */
import { ByteWriter, utf8Encode } from '../bytes/index.ts';
import { SIZES, expectSize, type Crypto } from '../crypto/index.ts';
import { USERNAME_BYTES_MAX } from '../packets/index.ts';
import { leafHash } from './hashing.ts';

/** What the transparency log says of an account: that its log of statements had this many, and ended in this one. */
export interface DirectoryRecord {
  /** 32 bytes. */
  readonly accountId: Uint8Array;
  readonly username: string;
  /** Statements of the account's log. */
  readonly count: number;
  /** SHA-256 of the last of them, 32 bytes. */
  readonly statementHash: Uint8Array;
}

const VERSION = 0x01;

/** The leaf that stands for the record in the log, and its value in the map. @throws RangeError for a wrong field. */
export function entryHash(crypto: Crypto, { accountId, username, count, statementHash }: DirectoryRecord): Uint8Array {
  const name = utf8Encode(username);
  expectSize('accountId', accountId, SIZES.hash);
  expectSize('statementHash', statementHash, SIZES.hash);
  if (name.length > USERNAME_BYTES_MAX) throw new RangeError(`"username" has ${name.length} bytes`);
  const writer = new ByteWriter().u8(VERSION).bytes(accountId).u8(name.length).bytes(name);
  return leafHash(crypto, writer.u32(count).bytes(statementHash).toBytes());
}
