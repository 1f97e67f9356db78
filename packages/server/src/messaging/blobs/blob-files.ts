/**
 * BlobFiles: where the bytes of blobs lie. A part grows under the id of its blob until it is whole; then it lies under the
 * SHA-256 of its content. Whose they are, and for how long, is known elsewhere.
 */
export interface BlobFiles {
  /** @throws StorageError, ConfigError that say what to do. */
  open(): Promise<void>;
  /** Bytes of a part; 0 where there is none. */
  partBytes(id: Uint8Array): Promise<number>;
  /** Writes behind what is there; nothing of it stays when it fails. @throws StorageError `E_DISK_FULL`, `E_STORAGE`. */
  append(id: Uint8Array, position: number, bytes: Uint8Array): Promise<void>;
  readPart(id: Uint8Array, position: number, length: number): Promise<Uint8Array>;
  /** SHA-256 of a part. */
  hashPart(id: Uint8Array): Promise<Uint8Array>;
  dropPart(id: Uint8Array): Promise<void>;
  /** The part is whole: it lies under its hash from now on, and a crash does not undo it. @throws StorageError. */
  keep(id: Uint8Array, hash: Uint8Array): Promise<void>;
  /** The opposite of `keep`: it is a part again. @throws StorageError. */
  giveBack(id: Uint8Array, hash: Uint8Array): Promise<void>;
  /** Bytes of a whole; undefined where there is none of this hash. */
  read(hash: Uint8Array, position: number, length: number): Promise<Uint8Array | undefined>;
  drop(hash: Uint8Array): Promise<void>;
  /** Ids of the parts, and hashes of the wholes that are there. */
  list(): Promise<{ readonly parts: readonly Uint8Array[]; readonly wholes: readonly Uint8Array[] }>;
  /** Bytes that are free where they lie; undefined where that has no meaning. */
  freeBytes(): Promise<number | undefined>;
}
