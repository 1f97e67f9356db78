/**
 * Files of messages: sealed and uploaded before the message that carries their key, downloaded and opened on demand. Both go on
 * where they ended, after a lost connection as after a restart.
 */
import { link, open, stat, unlink } from 'node:fs/promises';
import { fromBase64, fromHex } from '@sealane/shared/bytes';
import type { Crypto, Random } from '@sealane/shared/crypto';
import { ConfigError, ProtocolError, StorageError, type SealaneError } from '@sealane/shared/errors';
import { explained } from '@sealane/node/config';
import { BLOB_ID_BYTES, MESSAGE_ID_BYTES } from '@sealane/shared/packets';
import {
  AttachmentOpener,
  CHUNK_BYTES,
  SEALED_CHUNK_BYTES,
  newAttachmentKey,
  sealedSizeOf,
} from '@sealane/e2ee/attachments';
import { decodeContent, type FileBody } from '@sealane/e2ee/content';
import { checkedFileName, defaultFileName } from '@sealane/node/files';
import type { Blobs, TransferOptions } from './blobs.ts';
import { faultOf, isPassing } from './call-failure.ts';
import type { Compose } from './compose.ts';
import { encodedContent } from './encoded-content.ts';
import type { Journal } from './journal.ts';
import { jsonOf } from './json-column.ts';
import { messageOf, type Message } from './message.ts';
import type { MessageBook } from './message-book.ts';
import type { Outbox } from './outbox.ts';
import type { OwnAccount } from './own-account.ts';
import { SealedFileSource, fileSize } from './sealed-file-source.ts';
import { tables, type GroupRow, type MessageRow, type UploadRow } from './tables.ts';

export interface FilesParts {
  readonly blobs: Blobs;
  readonly compose: Compose;
  readonly journal: Journal;
  readonly book: MessageBook;
  readonly crypto: Crypto;
  readonly random: Random;
  readonly own: OwnAccount;
  outbox(): Outbox;
  onTrouble(error: SealaneError): void;
}

const PART_SUFFIX = '.sealane-part';
const MEDIA_TYPE = 'application/octet-stream';

export class Files {
  readonly #parts: FilesParts;

  constructor(parts: FilesParts) {
    this.#parts = parts;
  }

  /**
   * Sends a file: its message is shown as `sending` from the beginning.
   *
   * @throws ProtocolError `E_FILE_NOT_FOUND`; `E_TRUNCATED` and its like when the upload was cut: `resume` goes on with it.
   */
  async send(
    group: GroupRow,
    path: string,
    options: TransferOptions & {
      readonly name?: string | undefined;
      readonly caption?: string;
      readonly expiresAfter?: number;
    } = {},
  ): Promise<{ readonly message: Message; readonly order: number }> {
    const { random, compose, crypto, journal, book, own } = this.#parts;
    const account = await own.require();
    const size = await fileSize(path);
    const key = newAttachmentKey(random);
    const id = random(MESSAGE_ID_BYTES);
    const source = await SealedFileSource.open(path, { crypto, key, place: { group: group.group, message: id, size } });
    let hash: Uint8Array;
    try {
      hash = await source.hash(options.signal);
    } finally {
      await source.close();
    }
    const name = checkedFileName(options.name ?? defaultFileName(path));
    const { caption = '', expiresAfter = 0 } = options;
    const about = { name, mediaType: MEDIA_TYPE, size, sealedSize: sealedSizeOf(size), blob: random(BLOB_ID_BYTES) };
    const body: FileBody = { ...about, ...key, hash, caption, thumbnail: new Uint8Array(0) };
    const content = compose.content('file', body, { id, expiresAfter });
    const upload: UploadRow = { messageId: id, group: group.group, path, content: encodedContent(content) };
    const row = await journal.transaction(async (tx) => {
      await tables.uploads.put(tx, upload);
      return await compose.row(tx, group, { content, own: account });
    });
    const order = await this.#upload(upload, options);
    const present = await journal.transaction((tx) => book.find(tx, id));
    return { message: messageOf(present ?? row), order };
  }

  /** Goes on with the uploads that were cut. One that cannot go on now keeps nothing else: it is tried again the next time. */
  async resume(options: TransferOptions = {}): Promise<void> {
    const { journal, book } = this.#parts;
    for (const upload of await journal.transaction((tx) => tables.uploads.list(tx))) {
      try {
        await this.#upload(upload, { ...options, isResumed: true });
      } catch (cause) {
        const error = faultOf(cause);
        options.signal?.throwIfAborted();
        this.#parts.onTrouble(error);
        if (isPassing(error)) continue;
        await journal.transaction(async (tx) => {
          await tables.uploads.delete(tx, upload.messageId);
          const row = await book.find(tx, upload.messageId);
          if (row !== undefined) await book.advance(tx, row, 'failed', { reason: error.code });
        });
      }
    }
  }

  /**
   * Gets the file of a message. What is at `path` is never replaced; a part of an earlier attempt is gone on with.
   *
   * @throws ProtocolError `E_FILE_EXISTS`, `E_BLOB_NOT_FOUND`, `E_UNDECRYPTABLE`; StorageError when the disk refuses.
   */
  async save(id: string, path: string, options: TransferOptions = {}): Promise<{ readonly sizeBytes: number }> {
    const { journal, book, blobs, crypto } = this.#parts;
    const bytes = fromHex(id);
    const row = bytes === undefined ? undefined : await journal.transaction((tx) => book.find(tx, bytes));
    if (row?.kind !== 'file' || row.details === '')
      throw explained(new ConfigError('E_USAGE', `There is no message ${id} with a file`), {
        why: 'No message of this id came with one.',
        next: 'See the ids with `message list`.',
      });
    const file = fileOf(row);
    if (await exists(path)) throw fileExists(path);
    const part = path + PART_SUFFIX;
    const handle = await open(part, 'a+', 0o600).catch((error: unknown) => {
      throw new StorageError('E_STORAGE', `Cannot write ${part}`, { cause: error });
    });
    try {
      // Only whole chunks were authentic; the rest of a torn write goes.
      const { size: found } = await handle.stat();
      const fromChunk = Math.floor(Math.min(found, file.size) / CHUNK_BYTES);
      await handle.truncate(fromChunk * CHUNK_BYTES);
      const place = { group: row.group, message: row.id, size: file.size, fromChunk };
      const opener = new AttachmentOpener(crypto, file, place);
      let done = fromChunk * CHUNK_BYTES;
      for await (const { bytes: sealed } of blobs.read(file.blob, fromChunk * SEALED_CHUNK_BYTES, options.signal)) {
        for (const plain of opener.push(sealed)) {
          await handle.write(plain);
          done += plain.length;
        }
        options.onProgress?.(done, file.size);
      }
      opener.end();
      await handle.sync();
    } finally {
      await handle.close();
    }
    await publish(part, path);
    return { sizeBytes: file.size };
  }

  async #upload(
    { messageId, group, path, content }: UploadRow,
    { isResumed = false, ...options }: TransferOptions & { readonly isResumed?: boolean },
  ): Promise<number> {
    const { journal, blobs, crypto, compose } = this.#parts;
    const decoded = decodeContent(content);
    if (decoded?.kind !== 'file') throw new ProtocolError('E_DATA', 'an upload on this disk is damaged');
    const { size, key, noncePrefix, blob, hash } = decoded.body;
    const place = { group, message: messageId, size };
    const source = await SealedFileSource.open(path, { crypto, key: { key, noncePrefix }, place });
    try {
      if (isResumed) await source.expectSame(hash, options.signal);
      const read = (position: number): Promise<Uint8Array> => source.read(position);
      await blobs.upload({ blob, hash, sizeBytes: source.sizeBytes, read }, options);
    } finally {
      await source.close();
    }
    return await journal.transaction(async (tx) => {
      // Two processes may have gone on with it; the first one has queued the message.
      if ((await tables.uploads.get(tx, messageId)) === undefined) return 0;
      await tables.uploads.delete(tx, messageId);
      return await compose.hidden(tx, group, decoded);
    });
  }
}

function fileOf({ details }: MessageRow): Pick<FileBody, 'blob' | 'key' | 'noncePrefix' | 'size'> {
  const { size, ...rest } = jsonOf(details) as { size: number; blob: string; key: string; noncePrefix: string };
  const [blob, key, noncePrefix] = [rest.blob, rest.key, rest.noncePrefix].map(fromBase64);
  if (!blob || !key || !noncePrefix) throw new ProtocolError('E_DATA', 'the row of a file is damaged');
  return { blob, key, noncePrefix, size };
}

async function exists(path: string): Promise<boolean> {
  return await stat(path).then(
    () => true,
    () => false,
  );
}

/** The name appears with all of its content, and never over another file. */
async function publish(part: string, path: string): Promise<void> {
  try {
    await link(part, path);
    await unlink(part);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === 'EEXIST') throw fileExists(path);
    throw new StorageError('E_STORAGE', `Cannot write ${path}`, { cause: error });
  }
}

function fileExists(path: string): SealaneError {
  return explained(new ProtocolError('E_FILE_EXISTS', `${path} is there already`), {
    why: 'What is there is never replaced.',
    next: 'Choose another name with --output.',
  });
}
