/**
 * Faults of statements (docs/protocols/messaging-formats.md §1): what tests, logs and the answers of a server tell
 * apart.
 */

/** Why a statement is not valid at its place in the log of an account. */
export type StatementFaultCode =
  /** Not the bytes of a statement. */
  | 'malformed'
  /** No statement at all. */
  | 'empty'
  /** The log has as many statements as its limit allows, or as many as it allows to devices. */
  | 'too-long'
  /** Its index is not the next one: someone else was faster, or one is missing. */
  | 'wrong-index'
  /** It follows another statement than the last. */
  | 'wrong-previous'
  | 'bad-signature'
  /** Signed by a key that the log never listed. */
  | 'unknown-author'
  /** Signed by a device that was revoked before. */
  | 'revoked-author'
  /** The first statement is no genesis, or a later one is. */
  | 'not-genesis'
  /** Statement 1 does not list the first device. */
  | 'first-device'
  | 'bad-username'
  /** A device did what only the recovery key may. */
  | 'recovery-key-only'
  /** A device would bring back what the recovery key revoked. */
  | 'revoked-by-recovery-key'
  | 'too-many-devices'
  /** It revokes a device that is not listed. */
  | 'unknown-device'
  /** A key of it belongs to another device, or is the recovery key. */
  | 'key-in-use'
  /** A renewal with other keys. */
  | 'keys-changed';
